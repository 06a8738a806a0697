/** A rendering cut down to some of its hosts. */
import { FailureError } from '../failure.ts'
import { byCodeUnits } from './canonical.ts'
import type { Rendering } from './rendering.ts'
import { secretsOf } from './text.ts'

/** The rendering of these hosts, without the contents and secrets of others; all hosts where none is named. Throws a FailureError (exit 2) for a name that is no host. */
export function onlyHosts(rendering: Rendering, names: readonly string[]): Rendering {
  if (names.length === 0) return rendering
  const unknown = names.find((name) => !Object.hasOwn(rendering.hosts, name))
  if (unknown !== undefined) throw noHost(rendering, unknown)
  const hosts = pick(rendering.hosts, names)
  const files = Object.values(hosts).flatMap((bundle) => bundle.parts.flatMap((part) => part.files))
  const contents = pick(
    rendering.contents,
    files.map((file) => file.content),
  )
  const secrets = Object.values(contents).flatMap((text) => secretsOf(text).map(({ secret }) => secret))
  return { ...rendering, hosts, contents, secrets: pick(rendering.secrets, secrets) }
}

function pick<T>(map: Readonly<Record<string, T>>, keys: readonly string[]): Readonly<Record<string, T>> {
  const wanted = new Set(keys)
  const entries = Object.entries(map).filter(([key]) => wanted.has(key))
  return Object.fromEntries(entries.toSorted(([a], [b]) => byCodeUnits(a, b)))
}

function noHost(rendering: Rendering, name: string): FailureError {
  const next = `name one of ${Object.keys(rendering.hosts).join(', ')}`
  return new FailureError(
    { what: `"${name}" is no host of the lab`, where: '--host', now: 'nothing was written', next },
    2,
  )
}
