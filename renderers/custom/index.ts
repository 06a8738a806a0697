/** The user's own files, with units, checks and probes: all in YAML, and nothing that the other services do not have as well. */
import {
  hostPlace,
  servicePlace,
  type Effect,
  type Group,
  type Part,
  type PerHost,
  type Renderer,
} from '../renderer.ts'
import { problems } from './problems.ts'
import schema from './schema.json' with { type: 'json' }
import { settings, type CustomSettings, type Item } from './settings.ts'

export const custom: Renderer<CustomSettings> = {
  service: 'custom',
  version: 1,
  schema,
  problems,
  settings,
  parts: (host, { kind, items }) => Object.entries(items).map(([name, item]) => part(host, kind, name, item)),
  groups,
  transition: () => ({ kind: 'rolling' }),
}

function part(host: string, kind: 'node' | 'guest', name: string, item: Item): Part {
  const onChange = effect(host, name, item, item.onChange)
  return {
    id: `custom.${name}`,
    layer: item.layer,
    reach: 'host',
    files: item.files.map((file) => ({
      path: file.path,
      mode: file.mode,
      owner: file.owner,
      store: file.path.startsWith('/etc/pve/') ? 'pmxcfs' : 'disk',
      text: file.text,
      from: [servicePlace('custom', name), hostPlace({ name: host, kind })],
      onChange,
    })),
    onRemove: effect(host, name, item, item.onRemove),
    needs: { packages: item.packages, directories: item.directories },
    check: item.check,
    probe: item.probe,
  }
}

/** An item with a minimum is a group of its own. */
function groups(all: PerHost<CustomSettings>): readonly Group[] {
  const names = new Set(Object.values(all).flatMap(({ items }) => Object.keys(items)))
  return [...names].toSorted().flatMap((name): readonly Group[] => {
    const ours = Object.entries(all).flatMap(([host, { items }]) => {
      const item = items[name]
      return item === undefined || item.minimum === null ? [] : [{ host, item }]
    })
    const first = ours[0]?.item
    if (first === undefined) return []
    const members = ours.map(({ host, item }) => ({
      id: memberId(name, host),
      host,
      votes: 1,
      needs: item.needs.map((id) => [`${id}@${host}`]),
      provides: [],
      up: item.probe,
    }))
    return [
      {
        id: `custom.${name}`,
        kind: 'pool',
        minimum: Math.min(first.minimum ?? 0, members.length),
        soakSeconds: first.soak,
        members,
        agree: [],
      },
    ]
  })
}

function effect(host: string, name: string, item: Item, acts: Effect['acts']): Effect {
  const own = item.minimum !== null && item.maxSeconds > 0 ? [memberId(name, host)] : []
  const interrupts = acts.length === 0 ? [] : [...own, ...item.interrupts.map((id) => `${id}@${host}`)]
  return { acts, interrupts, maxSeconds: interrupts.length === 0 ? 0 : item.maxSeconds }
}

function memberId(name: string, host: string): string {
  return `custom.${name}@${host}`
}
