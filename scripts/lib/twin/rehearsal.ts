/** A rehearsal: the base revision on bare machines, then the change, with everything watched that a user or a quorum depends on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { killAndWatch } from './damage.ts'
import { reportOf } from './findings.ts'
import type { RehearsalReport } from './report.ts'
import type { RehearsalRequest, Told } from './request.ts'
import { roundsOf } from './rounds.ts'
import { startSampling } from './sampling.ts'
import { deployBase, openTheatre } from './theatre.ts'

/** How long everything is watched before the rollout. Milliseconds. */
const quietMs = 3000

/** Expects namespaces of its own for network, mounts and processes. Throws a FailureError where the twin cannot be built or the base deployed. */
export async function rehearse(request: RehearsalRequest, tell: Told): Promise<RehearsalReport> {
  const { wiring, before } = request
  const started = performance.now()
  const since = (moment: number) => Math.round((performance.now() - moment) / 100) / 10
  const theatre = await openTheatre(request, tell)
  const { twin, nodes, groups, stage } = theatre
  try {
    stage(`booting ${nodes.length} nodes`)
    await twin.startNodes(nodes)
    const boot = since(started)
    const isBare = Object.values(before.hosts).every(({ parts }) => parts.length === 0)
    const deploying = performance.now()
    if (!isBare) await deployBase(theatre)
    const base = isBare ? 0 : since(deploying)

    const visitor = [...request.quorate, 'rehearse-part', 'visitor']
    const sampling = startSampling({ twin, wiring, groups: isBare ? [] : groups, visitor })
    await sleep(quietMs)
    stage(isBare ? 'rolling out on bare nodes' : 'rolling out the change')
    const rolling = performance.now()
    const all = await roundsOf(theatre, request.faults, isBare, sampling.resume)
    const rollout = since(rolling)
    const isSound =
      !isBare &&
      all.rounds.every(
        ({ rolled: { outcome, struck }, unwell }) => outcome?.exit === 0 && struck === null && unwell === null,
      )
    const killed = isSound ? await killAndWatch(twin, sampling.resume, groups, nodes, stage) : null
    stage('counting')
    const sampled = await sampling.stop()
    const seconds = { boot, base, rollout, total: since(started) }
    const { refusedLines } = twin
    return reportOf(request, { ...all, killed, sampled, groups, refusedLines, isBare, seconds })
  } finally {
    if (!request.keep) await twin.close()
  }
}
