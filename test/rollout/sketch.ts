/** Builds small renderings: says only what a test is about. */
import type { Effect, Group, Json, Layer, Member } from '../../renderers/renderer.ts'
import type { Bundle, FileManifest, PartManifest, Rendering } from '../../scripts/lib/bundle/rendering.ts'

export interface PartSketch {
  readonly host: string
  readonly part: string
  readonly layer?: Layer
  readonly reach?: 'host' | 'cluster'
  readonly store?: 'disk' | 'pmxcfs'
  /** Content by path; a plain text is the content of /etc/<part>. */
  readonly files?: Readonly<Record<string, string>> | string
  readonly effect?: Partial<Effect>
  readonly onRemove?: Partial<Effect>
  readonly version?: number
  /** What its service is set to on the host: where that is equal on both sides, a part that is missing was left unfinished. */
  readonly settings?: Json
}

export interface GroupSketch {
  readonly id: string
  readonly kind?: Group['kind']
  readonly minimum: number
  readonly agree?: Group['agree']
  readonly members: readonly (Partial<Member> & { readonly id: string })[]
}

const quiet: Effect = { acts: [], interrupts: [], maxSeconds: 0 }

export function rendering(parts: readonly PartSketch[], groups: readonly GroupSketch[] = []): Rendering {
  const whole = groups.map(groupOf)
  const hosts = new Set([...parts.map(({ host }) => host), ...whole.flatMap((group) => group.members.map(hostOf))])
  const bundles = [...hosts].map((host) => [host, bundle(host, parts, whole)] as const)
  return { format: 1, lab: 'test', hosts: Object.fromEntries(bundles), contents: {}, secrets: {} }
}

function hostOf(member: { readonly host: string }): string {
  return member.host
}

function groupOf(sketch: GroupSketch): Group {
  const members = sketch.members.map((member): Member => ({
    host: member.id.split('@')[1] ?? '',
    votes: 1,
    needs: [],
    provides: [],
    up: [],
    ...member,
  }))
  return { kind: 'pool', soakSeconds: 0, agree: [], ...sketch, members }
}

function bundle(host: string, parts: readonly PartSketch[], groups: readonly Group[]): Bundle {
  const own = parts.filter((part) => part.host === host)
  const services = own.map(({ part, version, settings }) => [
    part.split('.')[0],
    { version: version ?? 1, settings: settings ?? {} },
  ])
  return {
    format: 1,
    lab: 'test',
    host,
    kind: 'node',
    platform: 'debian',
    way: { addresses: [], port: 22, user: 'root', via: [] },
    services: Object.fromEntries(services) as Bundle['services'],
    parts: own.map(partOf),
    groups: groups.filter((group) => group.members.some((member) => member.host === host)),
  }
}

function partOf(sketch: PartSketch): PartManifest {
  const given = sketch.files ?? 'text'
  const files = typeof given === 'string' ? { [`/etc/${sketch.part}`]: given } : given
  return {
    id: sketch.part,
    service: sketch.part.split('.')[0] ?? '',
    layer: sketch.layer ?? 3,
    reach: sketch.reach ?? 'host',
    onRemove: { ...quiet, ...sketch.onRemove },
    needs: { packages: {}, directories: [] },
    check: [],
    probe: [],
    files: Object.entries(files).map(([path, text]): FileManifest => {
      const store = sketch.store ?? 'disk'
      const onChange = { ...quiet, ...sketch.effect }
      return {
        path,
        mode: '0644',
        owner: 'root:root',
        store,
        from: [],
        content: text,
        secrets: {},
        renderHash: text,
        onChange,
      }
    }),
  }
}
