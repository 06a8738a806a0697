/** What is on an embedded host: of ours, of others, and what no run may leave behind. */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { EmbeddedLab } from '../../scripts/lib/twin/embedded/lab.ts'

/** By path below the host's folder: what it is and what is in it. */
export type Inventory = ReadonlyMap<string, string>

/** What the simulated host itself keeps and changes all the time. */
const simulated = /^(run|proc)(\/|$)/

/** Where the host side may write, and what a deployment of the small lab puts in place. */
const ours =
  /^(etc\/web(\/(web\.conf|key\.priv|sites(\/new(\/extra\.conf)?)?))?|etc\/systemd\/system(\/quorate-guard\.service|\/[a-z-]+\.target\.wants(\/.*)?)?|var\/lib\/quorate(\/(generations(\/.*)?|files|folders|manifest\.json|deployed|fence|lease|lock|host\.sh))?)$/

/** Everything on the host that is not of the simulation, with the time of its last change. The lock is opened by whoever asks. */
export function stateOf(folder: string): Inventory {
  return inventory(folder, (path) => !simulated.test(path) && path !== 'var/lib/quorate/lock', true)
}

/** Everything that is neither of the simulation nor ours, with the time of its last change. */
export function foreignOn(folder: string): Inventory {
  return inventory(folder, (path) => !simulated.test(path) && !ours.test(path), true)
}

/** Files of the small lab and what is written down about them. */
export function heldOn(folder: string): Inventory {
  return inventory(folder, (path) => path.startsWith('etc/web/') || written.has(path), false)
}

const written = new Set(['var/lib/quorate/manifest.json', 'var/lib/quorate/files'])

/** The small lab's files only: what its daemon reads. */
export function filesOn(folder: string): Inventory {
  return inventory(folder, (path) => path.startsWith('etc/web/'), false)
}

/** Paths that are not the same in both. */
export function differences(a: Inventory, b: Inventory): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).toSorted()
}

/** What a run that is over must not have left: each in a few words. */
export function remainsOn(folder: string): readonly string[] {
  const state = join(folder, 'var/lib/quorate')
  const temporary = walk(folder).filter((path) => /(^|\/)\.quorate-[^/]*~$|\.tmp$/.test(path) && !simulated.test(path))
  const pending = namesIn(join(state, 'generations')).flatMap((name) => {
    const markers = namesIn(join(state, 'generations', name))
    return markers.includes('done') || markers.includes('reverted') ? [] : [`generation ${name} is not over`]
  })
  const timers = timersOn(folder).map((timer) => `the timer ${timer}`)
  const lease = existsSync(join(state, 'lease')) ? ['a lease'] : []
  return [...temporary.map((path) => `the temporary file ${path}`), ...pending, ...timers, ...lease]
}

/** Timers that can still fire, or whose work is not over. */
export function timersOn(folder: string): readonly string[] {
  return ['timers', 'firing'].flatMap((name) => namesIn(join(folder, 'run/sim', name)))
}

function inventory(folder: string, wanted: (path: string) => boolean, withTime: boolean): Inventory {
  return new Map(
    walk(folder)
      .filter(wanted)
      .map((path) => [path, entry(join(folder, path), withTime)]),
  )
}

function entry(path: string, withTime: boolean): string {
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) return `link to ${readlinkSync(path)}`
  const access = (stats.mode & 0o7777).toString(8)
  if (stats.isDirectory()) return `folder ${access}`
  const sum = createHash('sha256').update(readFileSync(path)).digest('hex')
  return `file ${access} ${sum}${withTime ? ` ${stats.mtimeMs}` : ''}`
}

/** Every path below a folder, relative to it; links are not followed. */
function walk(folder: string, below = ''): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((each) => {
    const path = join(below, each.name)
    return each.isDirectory() ? [path, ...walk(folder, path)] : [path]
  })
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !basename(name).startsWith('.')) : []
}

/** Until no lease and no timer can be in anybody's way. */
export async function untilQuiet(lab: EmbeddedLab, hosts: readonly string[]): Promise<void> {
  await lab.clock.sleep(5000)
  const folders = hosts.map((host) => lab.folder(host))
  if (folders.some((folder) => existsSync(join(folder, 'var/lib/quorate/lease')))) await lab.clock.sleep(45_000)
  for (let waits = 0; waits < 100 && folders.some((folder) => timersOn(folder).length > 0); waits += 1)
    await lab.clock.sleep(5000)
}
