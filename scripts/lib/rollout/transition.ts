/** How one service gets from its settings on one side to those on the other. */
import type { Json, PerHost, Renderer, Transition } from '../../../renderers/renderer.ts'
import { sortedEntries } from '../bundle/canonical.ts'
import type { Rendering } from '../bundle/rendering.ts'
import { changedSecrets } from './shared-secret.ts'

/** versions: made by different versions of the renderer, so that settings cannot be compared; files' own effects, one host at a time. */
export type Way = Transition | { readonly kind: 'versions' }

/** A service whose renderer is gone, or of another version than either side, is left to what its files say of themselves. Lost hosts have no part in it. */
export function transitionOf(
  before: Rendering,
  after: Rendering,
  service: string,
  renderers: readonly Renderer[],
  lost: readonly string[],
): Way {
  const renderer = renderers.find((candidate) => candidate.service === service)
  if (renderer === undefined) return { kind: 'rolling' }
  const old = settingsOf(before, service, lost)
  const young = settingsOf(after, service, lost)
  const versions = [...old.versions, ...young.versions]
  if (versions.some((version) => version !== renderer.version)) return { kind: 'versions' }
  return renderer.transition(old.settings, young.settings, changedSecrets(before, after, service))
}

function settingsOf(rendering: Rendering, service: string, lost: readonly string[]) {
  const told = sortedEntries(rendering.hosts).flatMap(([host, bundle]) =>
    !lost.includes(host) && Object.hasOwn(bundle.services, service) ? [{ host, ...bundle.services[service] }] : [],
  ) as readonly { readonly host: string; readonly version: number; readonly settings: Json }[]
  const settings: PerHost<Json> = Object.fromEntries(told.map((each) => [each.host, each.settings]))
  return { settings, versions: new Set(told.map((each) => each.version)) }
}
