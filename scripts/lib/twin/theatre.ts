/** A twin that is set up for a rehearsal: its machines, values for every secret, and a deployer that can be sent to work on it. */
import { mkdir } from 'node:fs/promises'
import type { Group } from '../../../renderers/renderer.ts'
import type { Rendering } from '../bundle/rendering.ts'
import type { Event } from '../deployment/event.ts'
import { FailureError } from '../failure.ts'
import { command } from './command.ts'
import { startDeployer, type DeployerRun } from './deployer.ts'
import type { RehearsalRequest, Told } from './request.ts'
import { secretsFor, type Furnished } from './sides.ts'
import { newTwin, type Twin } from './twin.ts'
import { untilWhole } from './whole.ts'

export interface Theatre {
  readonly twin: Twin
  readonly sides: { readonly before: Furnished; readonly after: Furnished }
  readonly nodes: readonly string[]
  readonly guests: readonly string[]
  /** Those of the new definition, each once. */
  readonly groups: readonly Group[]
  /** Sends the deployer; `report` is called as things happen. */
  deploy(side: Furnished, how: How, report: (event: Event) => void): DeployerRun
  stage(text: string): void
  event(event: Event): void
}

export interface How {
  /** What the hosts were reached by before. */
  readonly former: Rendering
  readonly adopt: boolean
  readonly without: readonly string[]
}

/** Groups get this long to become whole. Milliseconds. */
export const wholeMs = 120_000

/** Expects namespaces of its own for network, mounts and processes. All machines are off. */
export async function openTheatre(request: RehearsalRequest, tell: Told): Promise<Theatre> {
  const { wiring, before, after, images, cgroup } = request
  await privateFolder('/run/netns')
  await privateFolder(request.folder)
  const guests = wiring.guests.map(({ name }) => name)
  const twin = await newTwin({
    wiring,
    bundles: { ...before.hosts, ...after.hosts },
    image: (host) => images[guests.includes(host) ? 'guest' : 'node'],
    folder: request.folder,
    cgroup,
  })
  const sides = secretsFor(before, after)
  let runs = 0
  return {
    twin,
    sides,
    nodes: wiring.nodes.map(({ name }) => name),
    guests,
    groups: groupsOf(after),
    deploy: (side, how, report) =>
      startDeployer(
        [...request.quorate, 'rehearse-part', 'deployer', '--lab', request.lab],
        {
          ...how,
          target: side.rendering,
          commit: side === sides.after ? request.commit : request.base,
          last: request.last,
          knownHosts: twin.knownHosts,
          privateKey: twin.privateKey,
          secrets: Object.fromEntries(side.made),
          token: `rehearsal${(runs += 1)}`,
        },
        report,
      ),
    stage: (text) => tell({ kind: 'stage', text }),
    event: (event) => tell({ kind: 'event', event }),
  }
}

/** Boots the nodes and deploys the base on them, then the guests; throws a FailureError where it does not become whole. */
export async function deployBase({ twin, sides, guests, deploy, stage, event }: Theatre): Promise<void> {
  const { before } = sides
  const how = { former: before.rendering, adopt: true }
  const mustGoWell = async (without: readonly string[]) => {
    const outcome = await deploy(before, { ...how, without }, event).outcome
    if (outcome?.exit === 0) return
    throw broken('cannot be deployed on the twin', outcome?.failure?.what ?? 'the deployer ended without a word')
  }
  stage('deploying the base revision on bare nodes')
  // Guests come to be once their nodes have something for them to hang on.
  const later = guests.filter((guest) => before.rendering.hosts[guest] !== undefined)
  await mustGoWell(later)
  if (guests.length > 0) {
    stage(`starting ${guests.length} ${guests.length === 1 ? 'guest' : 'guests'}`)
    await twin.startGuests()
    if (later.length > 0) await mustGoWell([])
  }
  const unwell = await untilWhole(groupsOf(before.rendering), twin.machine, wholeMs)
  if (unwell !== null) throw broken('does not become whole on the twin', unwell)
}

/** Each once, by name. */
export function groupsOf({ hosts }: Rendering): readonly Group[] {
  const groups = Object.values(hosts).flatMap((bundle) => bundle.groups)
  return [...new Map(groups.map((group) => [group.id, group])).values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function broken(what: string, why: string): FailureError {
  const next = 'rehearse the base itself first (--base with a commit before it), and mend what is wrong there'
  return new FailureError(
    { what: `the base revision ${what}: ${why}`, where: 'twin', now: 'no real host was touched', next },
    4,
  )
}

/** Nothing in it is seen outside, and nothing of it is left. */
async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  await command(['mount', '-t', 'tmpfs', 'twin', path])
}
