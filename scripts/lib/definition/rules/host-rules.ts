/** What makes a host one host: its number and its groups. */
import { builtinGroups, hostPlace, type Host } from '../../../../renderers/lab.ts'
import type { Finding } from '../../../../renderers/renderer.ts'
import { mistake } from '../../../../renderers/mistake.ts'
import type { Draft } from '../draft.ts'

/** Node ids and VMIDs stand for one host each. */
export function numbersAreUnique(draft: Draft): readonly Finding[] {
  const hosts = Object.values(draft.lab.hosts)
  return [...twice(hosts, 'id', ({ id }) => id), ...twice(hosts, 'vmid', ({ guest }) => guest?.vmid ?? null)]
}

function twice(
  hosts: readonly Host[],
  key: 'id' | 'vmid',
  numberOf: (host: Host) => number | null,
): readonly Finding[] {
  const owners = new Map<number, string>()
  const numbers = hosts.map(numberOf).filter((number) => number !== null)
  return hosts.flatMap((host) => {
    const number = numberOf(host)
    if (number === null) return []
    const owner = owners.get(number)
    owners.set(number, owner ?? host.name)
    if (owner === undefined) return []
    const message = `the ${key} ${number} is already that of "${owner}"`
    return [mistake(`${key}-taken`, hostPlace(host, key), message, `take a free one, e.g. ${Math.max(...numbers) + 1}`)]
  })
}

/** In lists of hosts and groups every name stands for one thing. */
export function tagsAreNoNames(draft: Draft): readonly Finding[] {
  const { lab, unsure } = draft
  const isTaken = (tag: string) => Object.hasOwn(lab.hosts, tag) || unsure.hosts.has(tag)
  return Object.values(lab.hosts).flatMap((host) =>
    host.tags.flatMap((tag) => {
      const isGroup = (builtinGroups as readonly string[]).includes(tag)
      if (!isGroup && !isTaken(tag)) return []
      const message = isGroup ? `"${tag}" is a group that every lab has` : `the tag "${tag}" is the name of a host, too`
      const help = 'choose another word for the tag: in a list of hosts nobody could tell which one is meant'
      return [mistake('tag-is-a-name', hostPlace(host, 'tags'), message, help)]
    }),
  )
}
