/** What the services themselves find wrong with a lab. */
import {
  builtinGroups,
  networkPlace,
  netId,
  type Finding,
  type Lab,
  type Network,
  type Place,
  type Renderer,
} from '../../../renderers/renderer.ts'
import { mistake } from '../../../renderers/mistake.ts'
import type { Draft, Unsure } from './draft.ts'
import { nearest } from '../../../renderers/nearest.ts'

/**
 * Asks the services that the lab runs. What they say only because of a mistake that `general` names already is left out: a service takes the
 * name of what could not be understood for a mistake, and what it should hold for missing.
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
  return certain.filter(({ at }) => !general.some((other) => isWithin(at, other.at)))
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

/** Whether a place is another, or inside of it. */
function isWithin(place: Place, other: Place): boolean {
  return place.file === other.file && other.path.every((step, index) => String(step) === String(place.path[index]))
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
  const networks = Object.values(lab.networks)
  const isBrought = ({ name }: Network) => nodes.some((node) => provided.has(netId(name, node.name)))
  const carriers = new Set(['physical', ...networks.filter(isBrought).map(({ carrier }) => carrier)])
  return networks.flatMap(({ name, carrier }) => {
    if (carrier === 'physical') return []
    const without = nodes.filter((node) => Object.hasOwn(node.addresses, name) && !provided.has(netId(name, node.name)))
    if (without.length === 0) return []
    const message = `${carrier} does not bring the network "${name}" to ${without.map((node) => node.name).join(', ')}`
    const help = carriers.has(carrier)
      ? `add "${name}" to services/${carrier}.yaml, or name another carrier`
      : `name a carrier of networks: ${[...carriers].join(', ')}`
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
