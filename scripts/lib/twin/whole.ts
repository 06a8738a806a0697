/** Whether every group of a lab is whole, asked on the machines themselves. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Group } from '../../../renderers/renderer.ts'
import { pick } from '../deployment/groups.ts'
import { fault, type Answered } from '../deployment/probe.ts'
import type { Machine } from './machine.ts'

/** Everything that is not well; empty where all is. */
export async function unwellIn(
  groups: readonly Group[],
  machine: (host: string) => Machine,
): Promise<readonly string[]> {
  const hosts = [...new Set(groups.flatMap(({ members }) => members.map(({ host }) => host)))]
  const answers = new Map(
    await Promise.all(hosts.map(async (host) => [host, await answersOf(groups, machine(host))] as const)),
  )
  return groups.flatMap((group) => {
    const members = group.members.flatMap(({ host, up }) =>
      up.flatMap((probe) => fault(probe, answers.get(host)?.get(probe.run.join('\n')) ?? nothing) ?? []),
    )
    const split = group.agree.flatMap((agreement) => {
      const key = agreement.run.join('\n')
      const picks = group.members.map(({ host }) => pick(agreement, answers.get(host)?.get(key) ?? nothing))
      const well =
        agreement.across === 'one'
          ? picks.filter((picked) => picked !== '').length === 1
          : picks.every((picked) => picked !== '' && picked === picks[0])
      return well ? [] : [`${agreement.title}: ${picks.join(', ')}`]
    })
    return [...members, ...split]
  })
}

/** Waits for that; what was not well at the last look, or null. */
export async function untilWhole(
  groups: readonly Group[],
  machine: (host: string) => Machine,
  ms: number,
): Promise<string | null> {
  const until = performance.now() + ms
  for (;;) {
    const unwell = await unwellIn(groups, machine)
    if (unwell.length === 0) return null
    if (performance.now() > until) return unwell.join('; ')
    await sleep(250)
  }
}

const nothing: Answered = { exit: 255, stdout: '', stderr: 'the machine is off' }

async function answersOf(groups: readonly Group[], machine: Machine): Promise<ReadonlyMap<string, Answered>> {
  const own = groups.flatMap((group) => {
    const mine = group.members.filter(({ host }) => host === machine.name)
    return mine.flatMap(({ up }) => [...up.map(({ run }) => run), ...group.agree.map(({ run }) => run)])
  })
  const runs = new Map(own.map((run) => [run.join('\n'), run]))
  const answers = [...runs].map(async ([key, run]) => {
    if (!machine.on) return [key, nothing] as const
    const { exit, stdout, stderr } = await machine.exec(['timeout', '10', ...run])
    return [key, { exit: exit ?? 255, stdout, stderr }] as const
  })
  return new Map(await Promise.all(answers))
}
