/** Both sides of a change → what a rehearsal of it is asked to do; images that are missing are made. */
import { resolve } from 'node:path'
import type { BothSides } from '../bundle/both-sides.ts'
import type { Rendering } from '../bundle/rendering.ts'
import { openGit } from '../bundle/git.ts'
import { FailureError } from '../failure.ts'
import { jumpHosts } from '../rollout/order.ts'
import { repoRootOf } from '../roots.ts'
import { readFault } from './fault.ts'
import { imageOf, packagesOf } from './image.ts'
import type { RehearsalRequest } from './request.ts'
import { wiringOf } from './wiring.ts'

export interface Tool {
  /** How this quorate is started. */
  readonly quorate: readonly string[]
  /** Where images are kept between rehearsals. */
  readonly imageFolder: string
  /** Called before an image with these packages is made. */
  making(packages: readonly string[]): void
}

/** Folder and cgroup are still to be named. Throws a FailureError for faults that cannot be (exit 2) and a lab that cannot be wired (exit 4). */
export async function requestFor(
  options: { readonly lab: string; readonly fault: readonly string[]; readonly keep: boolean },
  { before, after, labs, base }: BothSides,
  { quorate, imageFolder: folder, making }: Tool,
): Promise<RehearsalRequest> {
  const wiring = wiringOf(labs)
  const known = new Set([...wiring.nodes, ...wiring.guests].map(({ name }) => name))
  const stranger = Object.keys(before.hosts).find((host) => !known.has(host))
  if (stranger !== undefined) throw unwired(stranger)
  refuseStrangers([before, after])
  const nodes = wiring.nodes.map(({ name }) => name)
  const faults = options.fault.map((text) => readFault(text, nodes))
  if (faults.length > 1 && Object.values(before.hosts).every(({ parts }) => parts.length === 0)) throw cannotGoBack()
  const image = async (kind: 'node' | 'guest') => {
    const all = [before, after].flatMap(({ hosts }) => Object.values(hosts))
    const packages = packagesOf(all.filter((bundle) => bundle.kind === kind))
    return { packages, folder: wiring[`${kind}s`].length === 0 ? '' : await imageOf(packages, { folder, making }) }
  }
  const [node, guest, git] = await Promise.all([image('node'), image('guest'), openGit(repoRootOf(options.lab))])
  return {
    wiring,
    before,
    after,
    base: base.commit,
    commit: (await git?.current())?.commit ?? null,
    images: { node, guest },
    folder: '',
    cgroup: '',
    last: jumpHosts(after),
    faults,
    keep: options.keep,
    lab: resolve(options.lab),
    quorate,
  }
}

/** A voter that stands on no host of ours (a quorum device) is not on a twin either, and no group that counts on it would be whole there. */
function refuseStrangers(sides: readonly Rendering[]): void {
  const groups = sides.flatMap(({ hosts }) => Object.values(hosts).flatMap((bundle) => bundle.groups))
  const voter = groups.flatMap(({ id: group, members }) => members.map(({ id, host }) => ({ group, id, host })))
  const stranger = voter.find(({ host }) => host === '')
  if (stranger === undefined) return
  throw new FailureError(
    {
      what: `${stranger.group} counts on ${stranger.id}, which stands on no host that quorate sets up: a twin has none`,
      where: 'rehearse',
      now: 'no real host was touched, and nothing was built',
      next: 'this lab cannot be rehearsed; "quorate plan" shows the rollout, and every step of it is gated and taken back by itself all the same',
    },
    4,
  )
}

function cannotGoBack(): FailureError {
  return new FailureError(
    {
      what: 'with several faults the hosts go back to the base between them, and this base is empty',
      where: '--fault',
      now: 'nothing was built',
      next: 'name one fault, or a base in which something is deployed',
    },
    2,
  )
}

function unwired(host: string): FailureError {
  return new FailureError(
    {
      what: `"${host}" is only in the base, whose own tool rendered it: how it is wired is not known`,
      where: 'rehearse',
      now: 'no real host was touched',
      next: 'rehearse from a commit of this tool',
    },
    4,
  )
}
