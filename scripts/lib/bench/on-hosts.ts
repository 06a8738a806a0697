/** What takes a way to the hosts: a run with nothing to do, and one that changes files, against ssh and sftp alone. */
import { join } from 'node:path'
import type { Outcome } from '../deployment/outcome.ts'
import { stableSeconds } from '../deployment/own-view.ts'
import { packageRoot } from '../roots.ts'
import { bareSsh, bareUpload } from './floor.ts'
import { filesPerHost } from './lab-sources.ts'
import { compared, type BenchReport } from './report.ts'
import { runProgram } from './run-program.ts'
import { openStage, type BenchStage, type Way } from './stage.ts'
import { interleaved, timed } from './timing.ts'

/** What `quorate` runs. */
export const launcher = join(packageRoot, 'scripts', 'launcher.js')
/** The agent is in no group, so there is one wave, and in it nothing is waited for but that the unit that was told keeps running. */
const soakSeconds = stableSeconds

/** Starts the servers, measures, and ends them. `note`: is told what comes next. */
export async function onHosts(
  hosts: number,
  runs: number,
  delay: number,
  note: (text: string) => void,
): Promise<BenchReport['hostsReached']> {
  const stage = await openStage(hosts, delay)
  try {
    await stage.edit(0)
    await deployed(stage, 'straight')
    note(`${hosts} OpenSSH servers on loopback: nothing changed, then ${filesPerHost} files and a unit each\n`)
    const straight = await bothWays(stage, 'straight', runs)
    note(`the same with ${delay} ms added to every message\n`)
    const late = await bothWays(stage, 'delayed', runs)
    return {
      unchanged: straight.unchanged,
      changed: { ...straight.changed, files: filesPerHost, soakSeconds },
      delayed: { ms: delay, unchanged: late.unchanged, changed: late.changed },
      roundTrips: await roundTrips(stage, hosts),
    }
  } finally {
    await stage.close()
  }
}

async function bothWays(stage: BenchStage, way: Way, runs: number) {
  const doors = stage.doors(way)
  const unchanged = await interleaved(
    { floor: () => bareSsh(doors, stage.keys), quorate: () => deployed(stage, way).then(() => {}) },
    runs,
  )
  const times = { quorate: [] as number[], floor: [] as number[] }
  for (let run = 0; run <= runs; run += 1) {
    await stage.edit(run % 2 === 0 ? 1 : 0)
    const begun = performance.now()
    await bareUpload(doors, stage.keys, stage.folder, run)
    const between = performance.now()
    const { steps } = await deployed(stage, way)
    const end = performance.now()
    if (steps === 0) throw new Error('the deployment that was to change files changed none')
    if (run === 0) continue
    times.floor.push(between - begun)
    times.quorate.push(end - between - soakSeconds * 1000)
  }
  await stage.edit(0)
  await deployed(stage, way)
  return {
    unchanged: compared(unchanged),
    changed: compared({ quorate: timed(times.quorate), floor: timed(times.floor) }),
  }
}

/** Of one host: a run that changes nothing, one that changes its files, and so what the step itself adds. */
async function roundTrips(stage: BenchStage, hosts: number) {
  const counted = async () => {
    const before = stage.trips()
    await deployed(stage, 'delayed')
    return (stage.trips() - before) / hosts
  }
  const unchanged = await counted()
  await stage.edit(1)
  const changed = await counted()
  return { unchanged, changed, step: changed - unchanged }
}

/** A whole run of `quorate deploy --apply` in a process of its own; how many steps it confirmed. */
async function deployed(stage: BenchStage, way: Way): Promise<{ readonly steps: number }> {
  const args = [launcher, 'bench-part', 'deploy', '--lab', stage.lab]
  const said = await runProgram(process.execPath, args, { cwd: stage.folder, stdin: JSON.stringify(stage.reach(way)) })
  const outcome = JSON.parse(said) as Outcome
  return { steps: outcome.steps.length }
}
