/** Bundles as folders, to be looked at or kept: DIR/<host>/<path on the host> and DIR/<host>/manifest.json. Secrets show as placeholders. */
import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FailureError } from '../failure.ts'
import { isLegalPath } from './file-rules.ts'
import { sortedKeys } from './canonical.ts'
import type { Bundle, Rendering } from './rendering.ts'
import { shownText } from './text.ts'

/** Says that a folder was made here, and which folders in it may be replaced. */
const marker = '.quorate-bundles.json'

/**
 * Writes the bundles into the folder, which is made if needed. Returns the number of files, manifests not counted.
 * A folder that holds anything not written by an earlier call is refused with a FailureError, and nothing is changed.
 */
export async function writeBundles(rendering: Rendering, out: string): Promise<number> {
  const bundles = Object.values(rendering.hosts)
  for (const bundle of bundles) refuseIllegal(bundle)
  await mkdir(out, { recursive: true })
  const folder = await realpath(out)
  const old = await earlier(folder)
  for (const host of old) await rm(join(folder, host), { recursive: true, force: true })
  const hosts = bundles.map(({ host }) => host)
  await rm(join(folder, marker), { force: true })
  await writeFile(join(folder, marker), `${JSON.stringify({ format: 1, hosts })}\n`, { flag: 'wx' })
  const counts = await Promise.all(bundles.map((bundle) => writeBundle(rendering, bundle, folder)))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function writeBundle(rendering: Rendering, bundle: Bundle, folder: string): Promise<number> {
  const root = join(folder, bundle.host)
  // Not recursive: what is there already, a link perhaps, is not ours.
  await mkdir(root)
  const files = bundle.parts.flatMap((part) => part.files)
  for (const file of files) {
    const text = rendering.contents[file.content]
    if (text === undefined) throw new Error(`the rendering lacks the content of ${bundle.host}:${file.path}`)
    const target = join(root, file.path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, shownText(text), { flag: 'wx' })
  }
  await writeFile(join(root, 'manifest.json'), `${JSON.stringify(sortedKeys(bundle), null, 2)}\n`, { flag: 'wx' })
  return files.length
}

/** Folders that an earlier call wrote; everything else that is there makes the folder somebody else's. */
async function earlier(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder)
  if (entries.length === 0) return []
  const hosts = entries.includes(marker) ? hostsIn(await readFile(join(folder, marker), 'utf8')) : []
  const stranger = entries.find((entry) => entry !== marker && !hosts.includes(entry))
  if (stranger === undefined) return hosts
  throw refusal(`${folder} holds "${stranger}", which quorate did not write`, folder)
}

function hostsIn(text: string): readonly string[] {
  const { hosts } = JSON.parse(text) as { hosts?: unknown }
  return Array.isArray(hosts) ? hosts.filter((host) => typeof host === 'string').filter(isHostName) : []
}

function refuseIllegal(bundle: Bundle): void {
  if (!isHostName(bundle.host)) throw refusal(`${JSON.stringify(bundle.host)} is no host name`, 'the rendering')
  const paths = bundle.parts.flatMap((part) => part.files.map((file) => file.path))
  const illegal = paths.find((path) => !isLegalPath(path) || path === '/manifest.json')
  if (illegal !== undefined) throw refusal(`${JSON.stringify(illegal)} cannot be written`, bundle.host)
}

function isHostName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(name)
}

function refusal(what: string, where: string): FailureError {
  return new FailureError(
    { what, where, now: 'nothing was written', next: 'name a new or empty folder with --out DIR' },
    2,
  )
}
