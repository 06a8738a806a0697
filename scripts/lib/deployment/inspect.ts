/** What a host says about itself, in one exec. */
import type { Bundle } from '../bundle/rendering.ts'
import { garbled } from './garbled.ts'
import { text, type Fields, type HostAnswer } from './host-side.ts'
import { refusal, type Session } from './session.ts'

const haStates = ['none', 'idle', 'armed', 'disarming', 'disarmed', 'unknown'] as const

export interface Facts {
  readonly host: string
  /** The folder that stands for "/" there; "/" on every real host. */
  readonly root: string
  readonly clock: { readonly uptimeSeconds: number; readonly boot: string }
  readonly fence: number
  readonly lease: { readonly leftSeconds: number; readonly owner: string; readonly run: string } | null
  /** What was last confirmed; null where nothing ever was. */
  readonly manifest: Bundle | null
  readonly deployed: Deployed | null
  readonly generations: readonly Generation[]
  readonly freeKib: number
  /** The Proxmox web interface has a change waiting, which the next reboot would put over ours. */
  readonly interfacesNew: boolean
  readonly ha: (typeof haStates)[number]
  /** HA is armed there, and of a version that can be disarmed. */
  readonly canDisarm: boolean
  /** HA is disarmed for a step, and armed again by this host in so many seconds. Absent where no step of ours needed it. */
  readonly rearm?: { readonly step: string; readonly leftSeconds: number }
  readonly managed: readonly Managed[]
  /** Files that were asked for, by path. */
  readonly paths: Readonly<Record<string, PathFact>>
  /** Needs that are not there. */
  readonly missing: readonly string[]
  /** By path: the number in the live file, 0 where there is none. */
  readonly serials: Readonly<Record<string, number>>
}

/** Which commit a host is at. */
export interface Deployed {
  readonly commit: string | null
  readonly rollout: string
  /** ISO 8601. */
  readonly at: string
}

const generationStates = ['open', 'staged', 'armed', 'prepared', 'confirmed', 'done', 'reverting', 'reverted'] as const
export type GenerationState = (typeof generationStates)[number]

export interface Generation {
  readonly name: string
  readonly state: GenerationState
  /** Seconds until its timer fires; 0 where none can. */
  readonly timerSeconds: number
}

/** A file that was written by us. */
export interface Managed {
  readonly path: string
  readonly mode: string
  readonly owner: string
  readonly store: string
  readonly renderHash: string
  /** yes; edited: other bytes; mode: other mode or owner; missing. */
  readonly intact: 'yes' | 'edited' | 'mode' | 'missing'
}

/** content: sha256 of the bytes. other: no regular file. */
export type PathFact =
  | { readonly kind: 'absent' | 'other' }
  | { readonly kind: 'file'; readonly content: string; readonly mode: string; readonly owner: string }

export interface Questions {
  readonly paths: readonly string[]
  readonly needs: readonly string[]
  readonly serials: readonly { readonly path: string; readonly prefix: string }[]
}

export type Look = Pick<Facts, 'paths' | 'managed'>

/** Asks about some files only: what they are now, and whether they are as they were written. */
export async function lookAt(host: string, session: Session, paths: readonly string[]): Promise<Look> {
  const answer = await session.ask(
    host,
    'look',
    [],
    paths.map((path) => ['path', path]),
    30_000,
  )
  if (answer.refused !== null) throw refusal(host, 'be inspected', answer.refused)
  return factsOf(host, answer)
}

/** Asks one host. Throws a FailureError where it does not answer. */
export async function inspect(host: string, session: Session, questions: Questions): Promise<Facts> {
  const input: Fields[] = [
    ...questions.paths.map((path) => ['path', path]),
    ...questions.needs.map((path) => ['need', path]),
    ...questions.serials.map(({ path, prefix }) => ['serial', path, prefix]),
  ]
  const answer = await session.ask(host, 'inspect', [], input, 30_000)
  if (answer.refused !== null) throw refusal(host, 'be inspected', answer.refused)
  return factsOf(host, answer)
}

function factsOf(host: string, { records }: HostAnswer): Facts {
  const all = (kind: string) => records.filter((record) => record[0] === kind)
  const one = (kind: string) => all(kind)[0]
  const clock = one('clock')
  const fence = one('fence')
  const lease = one('lease')
  const manifest = one('manifest')
  const deployed = one('deployed')
  const rearm = one('rearm')
  return {
    host,
    root: one('root')?.[1] ?? '/',
    clock: { uptimeSeconds: clock === undefined ? 0 : number(host, 'uptime', clock[1]), boot: clock?.[2] ?? '' },
    fence: fence === undefined ? 0 : number(host, 'fence', fence[1]),
    lease:
      lease === undefined
        ? null
        : { leftSeconds: number(host, 'lease', lease[1]), owner: text(lease[2]), run: text(lease[3]) },
    manifest: manifest === undefined ? null : manifestOf(host, manifest[1]),
    deployed: deployed === undefined ? null : (json(host, 'deployed', deployed[1]) as Deployed | null),
    generations: all('generation').map(([, name, state, left]) => ({
      name: name ?? '',
      state: oneOf(host, 'generation', generationStates, state),
      timerSeconds: number(host, 'timer', left),
    })),
    freeKib: Number(one('free')?.[1] ?? 0),
    interfacesNew: one('interfaces-new') !== undefined,
    // Not known is as good as armed.
    ha: haStates.find((state) => state === one('ha')?.[1]) ?? 'unknown',
    canDisarm: one('disarms') !== undefined,
    ...(rearm === undefined
      ? {}
      : { rearm: { step: rearm[1] ?? '', leftSeconds: number(host, 'time to arm HA', rearm[2]) } }),
    managed: all('managed').map(managedOf),
    paths: Object.fromEntries(all('path').map((record) => [record[1] ?? '', pathOf(record)])),
    missing: all('missing').map((record) => record[1] ?? ''),
    serials: Object.fromEntries(all('serial').map((record) => [record[1] ?? '', number(host, 'serial', record[2])])),
  }
}

/** A file of the host side's own: only a damaged disk, or somebody's hand, makes it anything but JSON. */
function json(host: string, name: string, base64: string | undefined): object | null {
  const what = `its /var/lib/quorate/${name} is not what was written there`
  let value: unknown
  try {
    value = JSON.parse(text(base64))
  } catch (error) {
    throw garbled(host, what, error)
  }
  if (typeof value === 'object') return value
  throw garbled(host, what)
}

/** What a host holds is planned with, so it has to have the form of a bundle; what is in it concerns that host alone. */
function manifestOf(host: string, base64: string | undefined): Bundle {
  const value: Partial<Bundle> | null = json(host, 'manifest.json', base64)
  const isBundle =
    value?.format === 1 && value.host === host && Array.isArray(value.parts) && Array.isArray(value.groups)
  if (isBundle && typeof value.services === 'object') return value as Bundle
  throw garbled(
    host,
    'its /var/lib/quorate/manifest.json is no bundle of this host in a format that this version knows',
  )
}

function oneOf<T extends string>(host: string, kind: string, known: readonly T[], value: string | undefined): T {
  const found = known.find((each) => each === value)
  if (found !== undefined) return found
  throw garbled(host, `its ${kind} is said to be ${JSON.stringify(value ?? '')}`)
}

/** What is no number must not pass for one. */
function number(host: string, kind: string, value: string | undefined): number {
  if (value !== undefined && /^\d{1,15}$/.test(value)) return Number(value)
  throw garbled(host, `its ${kind} is said to be ${JSON.stringify(value ?? '')}`)
}

function managedOf([, path, mode, owner, store, renderHash, intact]: Fields): Managed {
  return {
    path: path ?? '',
    mode: mode ?? '',
    owner: owner ?? '',
    store: store ?? '',
    renderHash: renderHash ?? '',
    intact: intact as Managed['intact'],
  }
}

function pathOf([, , content, mode, owner]: Fields): PathFact {
  if (content === 'absent' || content === 'other') return { kind: content }
  return { kind: 'file', content: content ?? '', mode: mode ?? '', owner: owner ?? '' }
}
