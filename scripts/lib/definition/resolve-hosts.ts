/** The files of nodes/ and guests/ → hosts. */
import type { Host, Platform } from '../../../renderers/lab.ts'
import { hostPlace } from '../../../renderers/lab.ts'
import type { Finding } from '../../../renderers/renderer.ts'
import { mistake, mistakenKey } from '../../../renderers/mistake.ts'
import { nameOf } from './file-kind.ts'
import { isSound, soundEntries, type LabFile } from './lab-file.ts'
import { remedyForName } from '../../../renderers/nearest.ts'
import { resolveHost, type ResolvedHost, type WrittenHost } from './resolve-host.ts'
import type { Networks } from './resolve-networks.ts'
import { shown } from './shown.ts'

export interface Hosts {
  readonly sound: readonly ResolvedHost[]
  readonly unsure: ReadonlySet<string>
  readonly findings: readonly Finding[]
}

/** Every host that can be understood; the others are named in `unsure`. */
export function resolveHosts(files: readonly LabFile[], platform: Platform, networks: Networks): Hosts {
  const findings: Finding[] = []
  const unsure = new Set<string>()
  const sound: ResolvedHost[] = []
  for (const file of files.filter(({ kind }) => kind.of === 'node' || kind.of === 'guest')) {
    const identity = { name: nameOf(file.path), kind: file.kind.of as Host['kind'] }
    const written = believable(file, sound.length)
    const resolved = written && resolveHost(identity, written, platform, (name) => networks.networks[name] ?? null)
    const said = [
      ...nameFindings(identity),
      ...unknownNetworks(identity, file.value, networks),
      ...(resolved?.findings ?? []),
    ]
    findings.push(...said)
    if (resolved === null || said.length > 0) unsure.add(identity.name)
    else sound.push(resolved)
  }
  return { ...oneFilePerName(sound, unsure, findings), findings }
}

/**
 * What the file says, without what is wrong in it; null where too little is left. A host with a wrong title or number still stands where it
 * stands, and the rest of the lab can be judged with it; the numbers put in its place are no host's, and such a lab is never handed out.
 */
function believable(file: LabFile, index: number): WrittenHost | null {
  if (isSound(file)) return file.value as WrittenHost
  const written = Object.fromEntries(soundEntries(file)) as Partial<WrittenHost>
  const { addresses, node } = written
  if (addresses === undefined) return null
  if (file.kind.of === 'node') return { id: -1 - index, ...written, addresses }
  return node === undefined ? null : { type: 'lxc', vmid: -1 - index, ...written, addresses, node }
}

/** Also said of a host that has other mistakes. */
function unknownNetworks(
  identity: Pick<Host, 'name' | 'kind'>,
  value: unknown,
  networks: Networks,
): readonly Finding[] {
  const written = (value as Partial<WrittenHost> | null | undefined)?.addresses
  if (written === undefined || written === null || typeof written !== 'object') return []
  const names = Object.keys(written).filter((name) => /^[a-z][a-z0-9_-]*$/.test(name))
  const known = Object.keys(networks.networks)
  const unknown = names.filter(
    (name) => !known.includes(name) && !(networks.unsure === null || networks.unsure.has(name)),
  )
  return unknown.toSorted().map((name) => {
    const help = remedyForName(name, known, 'network in networks.yaml')
    return mistakenKey(
      'unknown-network',
      hostPlace(identity, 'addresses', name),
      `there is no network ${shown(name)}`,
      help,
    )
  })
}

/** RFC 1123; PVE allows the same. Names of groups, and names that mean a host of their own, stay free. */
function nameFindings(identity: Pick<Host, 'name' | 'kind'>): readonly Finding[] {
  const { name } = identity
  const at = hostPlace(identity)
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name) || /^\d+$/.test(name)) {
    const message = `${shown(name)} cannot be the name of a host`
    const help = `rename the file: lower-case letters, digits and hyphens, not digits alone, at most 63 characters${legalForm(name)}`
    return [mistake('host-name', at, message, help)]
  }
  if (!['all', 'nodes', 'guests', 'localhost'].includes(name)) return []
  return [mistake('host-name', at, `the name "${name}" means something else already`, 'rename the file')]
}

function legalForm(name: string): string {
  const legal = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return legal === '' || /^\d+$/.test(legal) ? '' : `, for example ${legal}.yaml`
}

function oneFilePerName(
  hosts: readonly ResolvedHost[],
  unsure: ReadonlySet<string>,
  findings: Finding[],
): Pick<Hosts, 'sound' | 'unsure'> {
  const sorted = hosts.toSorted((a, b) => (a.host.name < b.host.name ? -1 : 1))
  const nodes = new Set(sorted.filter(({ host }) => host.kind === 'node').map(({ host }) => host.name))
  const sound = sorted.filter(({ host }) => {
    if (host.kind === 'node' || !nodes.has(host.name)) return true
    const message = `the guest "${host.name}" has the name of a node`
    findings.push(mistake('host-name', hostPlace(host), message, 'rename the file: every host needs a name of its own'))
    return false
  })
  return { sound, unsure }
}
