/** Lab → rendering: what every host should hold. Pure; equal labs give the same bytes. */
import {
  hostPlace,
  servicePlace,
  type Finding,
  type Group,
  type Host,
  type Json,
  type Lab,
  type PerHost,
  type Renderer,
} from '../../../renderers/renderer.ts'
import { TemplateError } from '../../../renderers/template.ts'
import { byCodeUnits, sortedKeys } from './canonical.ts'
import { clashes, fileFindings } from './file-rules.ts'
import { guestGroups } from './guest-groups.ts'
import { holdings, type Holdings } from './holdings.ts'
import type { Bundle, PartManifest, Rendering } from './rendering.ts'
import type { ServicePart } from './service-part.ts'
import { wayTo } from './way.ts'

interface Rendered {
  readonly renderer: Renderer
  readonly settings: PerHost<Json>
}

/**
 * What every host of the lab should hold, and what is wrong with it. With an error among the findings the rendering may be incomplete.
 * `renderers`: the registry; those whose service the lab does not run are not asked.
 * `fingerprints`: by secret, of its ciphertext.
 */
export function renderLab(
  lab: Lab,
  renderers: readonly Renderer[],
  fingerprints: Readonly<Record<string, string>>,
): { readonly rendering: Rendering; readonly findings: readonly Finding[] } {
  const sorted = sortedKeys(lab)
  const findings: Finding[] = []
  const rendered = renderers
    .filter(({ service }) => Object.hasOwn(sorted.services, service))
    .toSorted((a, b) => byCodeUnits(a.service, b.service))
    .map((renderer) => ({ renderer, settings: settingsOf(renderer, sorted) }))
  const parts = Object.fromEntries(Object.keys(sorted.hosts).map((host) => [host, partsOf(host, rendered, findings)]))
  const held = holdings(Object.values(parts).flat(), fingerprints)
  const groups = concerned(sorted, groupsOf(sorted, rendered))
  for (const host of Object.values(sorted.hosts)) findings.push(...findingsOf(sorted, host, parts[host.name] ?? []))
  findings.push(...held.findings)
  const bundles = Object.values(sorted.hosts).map((host) =>
    bundleOf(sorted, host, rendered, parts[host.name] ?? [], groups.get(host.name) ?? [], held),
  )
  return {
    rendering: {
      format: 1,
      lab: sorted.name,
      hosts: Object.fromEntries(bundles.map((bundle) => [bundle.host, bundle])),
      contents: held.contents,
      secrets: held.secrets,
    },
    findings: findings.toSorted((a, b) => byCodeUnits(sortKey(a), sortKey(b))),
  }
}

/** What hosts hold that nothing was ever rendered for. */
export function emptyRendering(lab: string): Rendering {
  return { format: 1, lab, hosts: {}, contents: {}, secrets: {} }
}

function settingsOf(renderer: Renderer, lab: Lab): PerHost<Json> {
  const settings = sortedKeys(renderer.settings(lab))
  const stranger = Object.keys(settings).find((host) => !Object.hasOwn(lab.hosts, host))
  if (stranger === undefined) return settings
  throw new Error(`the renderer "${renderer.service}" has settings for "${stranger}", which is no host of the lab`)
}

function partsOf(host: string, rendered: readonly Rendered[], findings: Finding[]): readonly ServicePart[] {
  return servicesOf(host, rendered)
    .flatMap(({ renderer, settings }) => partsOfService(host, renderer, settings, findings))
    .toSorted((a, b) => byCodeUnits(a.id, b.id))
}

function servicesOf(host: string, rendered: readonly Rendered[]) {
  return rendered.flatMap(({ renderer, settings }) => {
    const its = Object.hasOwn(settings, host) ? settings[host] : undefined
    return its === undefined ? [] : [{ renderer, settings: its }]
  })
}

function partsOfService(host: string, renderer: Renderer, settings: Json, findings: Finding[]): readonly ServicePart[] {
  const { service } = renderer
  try {
    const parts = renderer.parts(host, settings)
    const ids = parts.map(({ id }) => id)
    const wrong = ids.find(
      (id, index) => ids.indexOf(id) !== index || (id !== service && !id.startsWith(`${service}.`)),
    )
    if (wrong === undefined) return parts.map((part) => ({ ...part, service }))
    throw new Error(`the renderer "${service}" gives the part id "${wrong}": ids are unique and start with its name`)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const help = `see what ${error.template} prints there, and the value in the lab that it comes from`
    const message = `${service} cannot be rendered for ${host}: ${error.message}`
    findings.push({ rule: 'not-renderable', severity: 'error', at: servicePlace(service), message, help })
    return []
  }
}

function groupsOf(lab: Lab, rendered: readonly Rendered[]): readonly Group[] {
  const groups = rendered.flatMap(({ renderer, settings }) => renderer.groups(settings))
  return [...groups, ...guestGroups(lab)].toSorted((a, b) => byCodeUnits(a.id, b.id))
}

function bundleOf(
  lab: Lab,
  host: Host,
  rendered: readonly Rendered[],
  parts: readonly ServicePart[],
  groups: readonly Group[],
  held: Holdings,
): Bundle {
  const services = servicesOf(host.name, rendered).map(
    ({ renderer, settings }) => [renderer.service, { version: renderer.version, settings }] as const,
  )
  return {
    format: 1,
    lab: lab.name,
    host: host.name,
    kind: host.kind,
    platform: host.platform,
    way: wayTo(lab, host),
    services: Object.fromEntries(services),
    parts: parts.map((part) => manifestOf(part, held)),
    groups,
  }
}

function manifestOf(part: ServicePart, held: Holdings): PartManifest {
  const files = part.files.toSorted((a, b) => byCodeUnits(a.path, b.path)).map(held.manifestOf)
  return { ...part, files }
}

/** The groups by host, in their order: a group is known on every host with a member, and on the nodes that carry a guest of it. */
function concerned(lab: Lab, groups: readonly Group[]): ReadonlyMap<string, readonly Group[]> {
  const known = new Map<string, Group[]>()
  for (const group of groups) {
    const hosts = group.members.flatMap(({ host }) => [host, lab.hosts[host]?.guest?.node ?? host])
    for (const host of new Set(hosts)) {
      const there = known.get(host)
      if (there === undefined) known.set(host, [group])
      else there.push(group)
    }
  }
  return known
}

function findingsOf(lab: Lab, host: Host, parts: readonly ServicePart[]): readonly Finding[] {
  const single = parts.flatMap((part) => part.files.flatMap((file) => fileFindings(host.name, part.service, file)))
  return [...single, ...clashes(host.name, parts), ...unreachable(lab, host, parts)]
}

/** A host that gets files has to have an address for them. */
function unreachable(lab: Lab, host: Host, parts: readonly ServicePart[]): readonly Finding[] {
  if (parts.length === 0 || wayTo(lab, host).addresses.length > 0) return []
  const wanted =
    host.guest === null ? `in the network "${lab.management.network}"` : `in a network of ${host.guest.node}`
  const message = `${host.name} gets files, but has no address ${wanted} by which it could be reached`
  const help = `give it an address ${wanted}`
  return [{ rule: 'no-way-to-host', severity: 'error', at: hostPlace(host, 'addresses'), message, help, onKey: true }]
}

function sortKey(finding: Finding): string {
  return [finding.at.file, JSON.stringify(finding.at.path), finding.rule, finding.message].join('\n')
}
