/** What the services themselves find wrong with a lab. */
import {
  builtinGroups,
  networkPlace,
  netId,
  type Finding,
  type Lab,
  type Place,
  type Renderer,
} from '../../../renderers/renderer.ts'
import { mistake, type Draft, type Unsure } from './draft.ts'
import { nearest } from './nearest.ts'

/**
 * Asks the services that the lab runs. What they say only because of a mistake that is named already, in `general` or by themselves, is left
 * out: a service takes the name of what could not be understood for a mistake, and what it should hold for missing.
 */
export function serviceFindings(
  draft: Draft,
  renderers: readonly Renderer[],
  general: readonly Finding[],
  valueAt: (place: Place) => unknown,
): readonly Finding[] {
  const { lab, unsure } = draft
  const said = running(lab, renderers).flatMap((renderer) => renderer.problems(lab))
  const certain = isWhole(unsure) ? said : said.filter((finding) => isCertain(finding, unsure, valueAt))
  const fresh = certain.filter((finding) => !general.some((other) => isOnePlace(finding.at, other.at)))
  return withoutEchoes(withoutRepeats(fresh), valueAt)
}

function isWhole({ hosts, networks, services, files }: Unsure): boolean {
  return networks !== null && hosts.size + networks.size + services.size + files.size === 0
}

function isCertain({ severity, at, message }: Finding, unsure: Unsure, valueAt: (place: Place) => unknown): boolean {
  if (severity === 'warning' || unsure.networks === null || unsure.files.has(at.file)) return false
  const groups = unsure.hosts.size > 0 ? builtinGroups : []
  const names = [...unsure.hosts, ...unsure.tags, ...groups, ...unsure.networks, ...unsure.services]
  return !names.some((name) => at.path.includes(name) || valueAt(at) === name || mentions(message, name))
}

/** A general rule and a service may see the same mistake; the place of it is one mistake, whatever is said about it. */
function isOnePlace(a: Place, b: Place): boolean {
  if (a.file !== b.file) return false
  const [short, long] = a.path.length < b.path.length ? [a.path, b.path] : [b.path, a.path]
  if (short.length === 0) return long.length === 0
  return short.every((step, index) => String(step) === String(long[index]))
}

function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const first = new Map<string, Finding>()
  for (const finding of findings) {
    const key = JSON.stringify([finding.rule, finding.at, finding.message])
    if (!first.has(key)) first.set(key, finding)
  }
  return [...first.values()]
}

/** A name that stands for nothing is one mistake where it is written; that nothing has to do with it is no other. */
function withoutEchoes(findings: readonly Finding[], valueAt: (place: Place) => unknown): readonly Finding[] {
  const unknown = findings.filter(({ rule }) => rule.startsWith('unknown-'))
  const names = unknown.map(({ at, onKey }) => (onKey === true ? at.path.at(-1) : valueAt(at)))
  return findings.filter(
    (finding) =>
      unknown.includes(finding) || !names.some((name) => typeof name === 'string' && mentions(finding.message, name)),
  )
}

/** As a word of its own. */
function mentions(message: string, name: string): boolean {
  return message.split(/[^\p{L}\p{N}_-]+/u).includes(name)
}

/**
 * Networks that nothing brings to a node which stands in them: their carrier is a service, but none that carries them. To be asked of a lab
 * without mistakes only.
 */
export function uncarriedNetworks(lab: Lab, renderers: readonly Renderer[]): readonly Finding[] {
  const groups = running(lab, renderers).flatMap((renderer) => renderer.groups(renderer.settings(lab)))
  const provided = new Set(groups.flatMap(({ members }) => members.flatMap(({ provides }) => provides)))
  const nodes = Object.values(lab.hosts).filter(({ kind }) => kind === 'node')
  return Object.values(lab.networks).flatMap(({ name, carrier }) => {
    if (carrier === 'physical') return []
    const without = nodes.filter((node) => Object.hasOwn(node.addresses, name) && !provided.has(netId(name, node.name)))
    if (without.length === 0) return []
    const message = `${carrier} does not bring the network "${name}" to ${without.map((node) => node.name).join(', ')}`
    const help = `add "${name}" to services/${carrier}.yaml, or name another carrier`
    return [mistake('network-not-carried', networkPlace(name, 'carrier'), message, help)]
  })
}

/** A file in services/ that is no service's. */
export function unknownService(path: string, service: string, renderers: readonly Renderer[]): Finding {
  const known = renderers.map((renderer) => renderer.service)
  const meant = nearest(service, known)
  const help = meant === null ? `known services: ${known.join(', ')}` : `did you mean services/${meant}.yaml?`
  return mistake('unknown-service', { file: path, path: [] }, `there is no service "${service}"`, help)
}

function running(lab: Lab, renderers: readonly Renderer[]): readonly Renderer[] {
  return renderers.filter(({ service }) => Object.hasOwn(lab.services, service))
}
