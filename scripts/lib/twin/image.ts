/** The systems that a twin's machines start from: made once per set of packages, kept in a folder named after what is in it. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bundle } from '../bundle/rendering.ts'
import { byCodeUnits, canonicalJson, sha256 } from '../bundle/canonical.ts'
import { command } from './command.ts'

/** Raised when images are made in another way. */
const recipe = 1
/** Images that nobody used for this long are removed when another one is made. Days. */
const keptDays = 30

/** What every server has before anybody installs anything for a service. */
const bare = ['dbus', 'iproute2', 'openssh-server', 'procps', 'systemd', 'systemd-sysv']
/** Proxmox VE's /etc/pve is played by a program that needs this. */
const standIn = ['python3-fusepy']

/** The packages that hosts of these bundles have: what their parts need, on top of a bare server. Sorted. */
export function packagesOf(bundles: readonly Bundle[]): readonly string[] {
  const needed = bundles.flatMap(({ parts }) => parts.flatMap(({ needs }) => Object.keys(needs.packages)))
  const played = bundles.some(({ platform, kind }) => platform === 'proxmox' && kind === 'node') ? standIn : []
  return [...new Set([...bare, ...needed, ...played])].toSorted(byCodeUnits)
}

export interface Images {
  /** Where they are kept; made where it is missing. */
  readonly folder: string
  /** Called before an image is made: that takes a minute or more. */
  making(packages: readonly string[]): void
}

/** The folder of a system with these packages, from the machine's own apt sources. Throws a FailureError where it cannot be made. */
export async function imageOf(packages: readonly string[], { folder, making }: Images): Promise<string> {
  const suite = await codename()
  const sources = await aptSources()
  const name = sha256(canonicalJson({ recipe, suite, architecture: process.arch, packages })).slice(0, 16)
  const image = join(folder, name)
  if (await exists(image)) {
    await utimes(image, new Date(), new Date())
    return image
  }
  making(packages)
  await mkdir(folder, { recursive: true })
  await removeOld(folder)
  const half = join(folder, `.half-${randomUUID()}`)
  try {
    await command([
      'mmdebstrap',
      '--quiet',
      '--variant=minbase',
      `--include=${packages.join(',')}`,
      ...['doc', 'man', 'locale', 'info'].map((what) => `--dpkgopt=path-exclude=/usr/share/${what}/*`),
      // Every machine gets a key of its own, and is asked by nobody to look for updates.
      '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/machine-id',
      '--customize-hook=touch "$1"/etc/machine-id',
      suite,
      half,
      ...sources,
    ])
    await rename(half, image).catch(async (error: unknown) => {
      // Another rehearsal was first, with the same packages.
      if (!(await exists(image))) throw error
    })
  } finally {
    await rm(half, { recursive: true, force: true })
  }
  return image
}

async function codename(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8')
  return /^VERSION_CODENAME=(\S+)$/m.exec(text)?.[1] ?? 'stable'
}

async function aptSources(): Promise<readonly string[]> {
  const folder = '/etc/apt/sources.list.d'
  const names = await readdir(folder).catch(() => [])
  const files = ['/etc/apt/sources.list', ...names.toSorted(byCodeUnits).map((name) => join(folder, name))]
  const there = await Promise.all(files.map(async (file) => /\.(list|sources)$/.test(file) && (await exists(file))))
  return files.filter((_, index) => there[index])
}

async function removeOld(folder: string): Promise<void> {
  const before = Date.now() - keptDays * 24 * 3600 * 1000
  for (const name of await readdir(folder)) {
    const { mtimeMs } = await stat(join(folder, name))
    if (mtimeMs < before) await rm(join(folder, name), { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
