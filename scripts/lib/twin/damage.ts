/** Does to a twin what a fault says, and mends it again. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Group } from '../../../renderers/renderer.ts'
import { ofUnit, type Fault } from './fault.ts'
import type { Twin } from './twin.ts'
import { wholeMs } from './theatre.ts'
import { layUnitFault, liftUnitFault } from './unit-fault.ts'
import { untilWhole } from './whole.ts'

/** How long the others are watched while a node is off. Milliseconds. */
const watchMs = 12_000

/** Where a fault strikes. */
export interface Struck {
  readonly fault: Fault
  readonly host: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** The unit that the step tells there; null where it tells none. */
  readonly unit: string | null
}

export async function strike(
  twin: Twin,
  { fault: { name, step }, host, unit }: Struck,
  kill: () => void,
): Promise<void> {
  switch (name) {
    case 'config-refused':
    case 'unit-dies':
      if (unit === null) throw new Error(`step ${step} tells no unit of ${host} anything`)
      return await layUnitFault(twin.machine(host), name, unit)
    case 'deployer-killed':
      return kill()
    case 'node-killed':
      return await twin.powerOff(host)
    case 'node-rebooted':
      await twin.powerOff(host)
      return await twin.powerOn(host)
    case 'node-frozen':
      return await twin.machine(host).freeze()
    case 'wan-cut':
      return await twin.cut(host, 'down')
    case 'disk-full':
      await twin.machine(host).exec(['sh', '-c', 'dd if=/dev/zero of=/var/tmp/filler bs=1M 2>/dev/null; sync; true'])
  }
}

export async function mend(
  twin: Twin,
  { fault: { name }, host, unit }: Struck,
  resume: (host: string) => void,
): Promise<void> {
  if (ofUnit(name) && unit !== null) await liftUnitFault(twin.machine(host), unit)
  if (name === 'node-killed') await twin.powerOn(host)
  if (name === 'node-killed' || name === 'node-rebooted') for (const each of twin.standingOn(host)) resume(each)
  if (name === 'node-frozen') await twin.machine(host).thaw()
  if (name === 'wan-cut') await twin.cut(host, 'up')
  if (name === 'disk-full') await rm(join(twin.machine(host).root, 'var/tmp/filler'), { force: true })
}

/** Waits until no step is armed or on its way back on any machine. */
export async function timersFired(twin: Twin): Promise<void> {
  for (let attempt = 0; attempt < 180; attempt += 1) {
    const open = await Promise.all(
      twin.names.map(async (name) => {
        const folder = join(twin.machine(name).root, 'var/lib/quorate/generations')
        const generations = await readdir(folder).catch(() => [])
        const states = await Promise.all(
          generations.map((generation) => readdir(join(folder, generation)).catch(() => [])),
        )
        return states.flat().some((file) => file === 'armed' || file === 'reverting')
      }),
    )
    if (!open.includes(true)) return
    await sleep(1000)
  }
}

export interface Killed {
  readonly host: string
  /** From the kill until everything was whole again, or nobody waited any longer: milliseconds since 1970. */
  readonly at: number
  readonly until: number
  /** From switching it on; null where it never was. */
  readonly wholeAfterSeconds: number | null
}

/** The node that has what only one may have, or the first: its power goes, everybody watches, and it comes back. */
export async function killAndWatch(
  twin: Twin,
  resume: (host: string) => void,
  groups: readonly Group[],
  nodes: readonly string[],
  stage: (text: string) => void,
): Promise<Killed> {
  const host = (await owner(twin, groups)) ?? nodes[0] ?? ''
  stage(`killing ${host}`)
  const at = Date.now()
  await twin.powerOff(host)
  await sleep(watchMs)
  stage(`switching ${host} on again`)
  const on = performance.now()
  await twin.powerOn(host)
  for (const each of twin.standingOn(host)) resume(each)
  const still = await untilWhole(groups, twin.machine, wholeMs)
  const wholeAfterSeconds = still === null ? Math.round((performance.now() - on) / 100) / 10 : null
  return { host, at, until: Date.now(), wholeAfterSeconds }
}

async function owner(twin: Twin, groups: readonly Group[]): Promise<string | null> {
  for (const group of groups) {
    for (const { across, run: words, pick } of group.agree) {
      if (across !== 'one') continue
      for (const { host } of group.members) {
        const { stdout } = await twin.machine(host).exec(words)
        if (new RegExp(pick, 'm').test(stdout)) return host
      }
    }
  }
  return null
}
