import {
  isMeant,
  serviceOf,
  template,
  type Act,
  type Host,
  type Lab,
  type Layer,
  type PerHost,
  type Probe,
} from '../renderer.ts'
import { sourceOf } from './source.ts'

export type CustomSettings = {
  readonly kind: 'node' | 'guest'
  readonly items: Readonly<Record<string, Item>>
}

/** One item, as one host has it. */
export type Item = {
  readonly layer: Layer
  readonly files: readonly ItemFile[]
  readonly packages: Readonly<Record<string, string>>
  readonly directories: readonly string[]
  readonly check: readonly ItemProbe[]
  readonly probe: readonly ItemProbe[]
  readonly onChange: readonly Act[]
  readonly onRemove: readonly Act[]
  /** Ids without the host: "net:services", "keepalived.services". */
  readonly interrupts: readonly string[]
  readonly needs: readonly string[]
  readonly maxSeconds: number
  /** Null: no group. */
  readonly minimum: number | null
  readonly soak: number
}

/** A Probe, as plain JSON. */
type ItemProbe = { readonly [K in keyof Probe]: Probe[K] }

export type ItemFile = {
  readonly path: string
  readonly mode: string
  readonly owner: string
  /** Rendered. */
  readonly text: readonly string[]
}

/** What lab/services/custom.yaml holds: items by name. */
export type CustomService = Readonly<Record<string, AskedItem>>

export type AskedItem = {
  readonly title: string
  readonly hosts: readonly string[]
  readonly layer: keyof typeof layers
  readonly files: readonly (string | { readonly path: string; readonly mode?: string; readonly owner?: string })[]
  readonly packages?: Readonly<Record<string, string>>
  readonly directories?: readonly string[]
  readonly check?: readonly AskedProbe[]
  readonly probe?: readonly AskedProbe[]
  readonly onChange?: readonly Act[]
  readonly onRemove?: readonly Act[]
  readonly interrupts?: readonly string[]
  readonly needs?: readonly string[]
  readonly maxSeconds?: number
  readonly minimum?: number
  readonly soak?: number
}

type AskedProbe = {
  readonly title: string
  readonly run: readonly string[]
  readonly exit?: readonly number[]
  readonly stdout?: string
  readonly stderrNot?: string
  readonly withinSeconds?: number
}

/** The layers' names in lab/services/custom.yaml. */
export const layers = {
  monitoring: 1,
  names: 2,
  router: 3,
  vpn: 4,
  access: 5,
  interfaces: 7,
} as const

/** Per host, the items it has, files rendered. */
export function settings(lab: Lab): PerHost<CustomSettings> {
  const service = serviceOf<CustomService>(lab, 'custom') ?? {}
  const hosts = Object.values(lab.hosts).map((host) => {
    const mine = Object.keys(service)
      .toSorted()
      .filter((name) => isMeant(host, service[name]?.hosts ?? []))
    const items = mine.map((name) => [name, itemOf(lab, host, service[name] as AskedItem)] as const)
    return [host.name, { kind: host.kind, items: Object.fromEntries(items) }] as const
  })
  return Object.fromEntries(hosts.filter(([, { items }]) => Object.keys(items).length > 0))
}

/** The path of a file that was asked for. */
export function pathOf(asked: AskedItem['files'][number]): string {
  return typeof asked === 'string' ? asked : asked.path
}

/** A file's text on a host; throws a TemplateError. Without a source it is empty: problems() says so before. */
export function textOf(lab: Lab, host: Host, path: string): readonly string[] {
  const source = sourceOf(lab, host, path)
  if (source === null) return []
  const text = lab.files[source] ?? ''
  if (!source.endsWith('.njk')) return text === '' ? [] : [text]
  return template({ name: `files/${source}`, text }, { lab: visible(lab), host }).map(String)
}

function itemOf(lab: Lab, host: Host, asked: AskedItem): Item {
  return {
    layer: layers[asked.layer],
    files: asked.files.map((file) => ({
      mode: '0644',
      owner: 'root:root',
      ...(typeof file === 'string' ? {} : file),
      path: pathOf(file),
      text: textOf(lab, host, pathOf(file)),
    })),
    packages: asked.packages ?? {},
    directories: asked.directories ?? [],
    check: (asked.check ?? []).map((probe) => ({ exit: [0], withinSeconds: 0, ...probe })),
    probe: (asked.probe ?? []).map((probe) => ({ exit: [0], withinSeconds: 10, ...probe })),
    onChange: asked.onChange ?? [],
    onRemove: asked.onRemove ?? [],
    interrupts: asked.interrupts ?? [],
    needs: asked.needs ?? [],
    maxSeconds: asked.maxSeconds ?? 5,
    minimum: asked.minimum ?? null,
    soak: asked.soak ?? 5,
  }
}

const shown = new WeakMap<Lab, Omit<Lab, 'files'>>()

/** What a template sees: all but the sources of other files. One object per lab, so that it is searched for holes once. */
function visible(lab: Lab): Omit<Lab, 'files'> {
  const known = shown.get(lab)
  if (known !== undefined) return known
  const { files: _, ...rest } = lab
  shown.set(lab, rest)
  return rest
}
