/** Asks a machine from inside whether its members are well and what they agree on, whatever the network does. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Agreement, Group, Member, Probe } from '../../../renderers/renderer.ts'
import { pick } from '../deployment/groups.ts'
import { fault, type Answered } from '../deployment/probe.ts'
import type { Machine } from './machine.ts'
import script from './host-sampler.sh'
import type { Sample, Series } from './series.ts'

/** What one machine is asked. */
export interface HostQuestions {
  readonly host: string
  readonly members: readonly { readonly id: string; readonly probes: readonly Probe[] }[]
  readonly agreements: readonly { readonly group: string; readonly agreement: Agreement }[]
}

/** What one member said of an agreement, over time. */
export interface Said {
  readonly group: string
  readonly title: string
  readonly across: Agreement['across']
  readonly host: string
  readonly words: readonly { readonly at: number; readonly picked: string }[]
}

export interface HostAnswers {
  readonly series: readonly Series[]
  readonly said: readonly Said[]
}

export interface HostSampling {
  stop(): Promise<HostAnswers>
}

/** timeout(1): the command had to be ended. */
const timedOut = 124

/** About the time of one round. Milliseconds. */
const roundMs = 500

/** By host: its members with the probes that depend on nobody else. A member that has none is not asked. */
export function questionsFor(groups: readonly Group[]): readonly HostQuestions[] {
  const members = groups.flatMap((group) => group.members.map((member) => ({ group, member })))
  const hosts = [...new Set(members.map(({ member }) => member.host))].filter((host) => host !== '')
  return hosts.flatMap((host) => {
    const own = members.filter(({ member }) => member.host === host && member.up.length > 0)
    if (own.length === 0) return []
    return [
      {
        host,
        members: own.map(({ member }) => ({ id: member.id, probes: alone(member) })),
        agreements: own.flatMap(({ group }) => group.agree.map((agreement) => ({ group: group.id, agreement }))),
      },
    ]
  })
}

function alone({ up }: Member): readonly Probe[] {
  return up.filter(({ peers }) => peers === undefined)
}

/** Asks until it is stopped or the machine ends. */
export function startHostSampler(machine: Machine, questions: HostQuestions): HostSampling {
  const runs = runsOf(questions)
  const [program = '', ...args]: readonly string[] = [...machine.enter(), '/bin/sh', '-c', script.text]
  const offset = Date.now() - uptimeMs()
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(`${runs.map((run) => run.join('\u001f')).join('\n')}\n`)
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  return {
    async stop() {
      child.kill('SIGKILL')
      await gone
      // What runs inside is a child of what was killed, and ends when nobody listens any more.
      child.stdout.destroy()
      return answersOf(Buffer.concat(output).toString(), questions, offset)
    },
  }
}

function runsOf({ members, agreements }: HostQuestions): readonly (readonly string[])[] {
  const all = [
    ...members.flatMap(({ probes }) => probes.map(({ run }) => run)),
    ...agreements.map(({ agreement }) => agreement.run),
  ]
  return [...new Map(all.map((run) => [run.join('\u001f'), run])).values()]
}

/** What the sampler printed, as series. `offset`: the moment at which the machine's clock read 0, in milliseconds since 1970. */
export function answersOf(text: string, questions: HostQuestions, offset: number): HostAnswers {
  const keys = runsOf(questions).map((run) => run.join('\u001f'))
  const latest = new Map<string, Answered>()
  const samples = new Map<string, Sample[]>()
  const words = questions.agreements.map((): { at: number; picked: string }[] => [])
  // The last answer may have been cut off.
  for (const block of text.split('\u001e').slice(1, -1)) {
    const [head = '', ...rest] = block.split('\n')
    const [up, index, exit] = head.split(' ')
    const at = offset + Number(up) * 1000
    const key = keys[Number(index)]
    if (key === undefined) continue
    latest.set(key, { exit: Number(exit), stdout: rest.join('\n'), stderr: '' })
    for (const [number, { agreement }] of questions.agreements.entries()) {
      if (agreement.run.join('\u001f') === key)
        words[number]?.push({ at, picked: pick(agreement, latest.get(key) as Answered) })
    }
    if (Number(index) !== keys.length - 1) continue
    for (const { id, probes } of questions.members) {
      // systemd answers nobody while it reads its units anew: that says nothing about them.
      if (probes.some((probe) => latest.get(probe.run.join('\u001f'))?.exit === timedOut)) continue
      const well = probes.every((probe) => {
        const answered = latest.get(probe.run.join('\u001f'))
        return answered !== undefined && fault(probe, answered) === null
      })
      const own = samples.get(id) ?? []
      own.push({ at, well })
      samples.set(id, own)
    }
  }
  return {
    series: questions.members.map(({ id }) => ({ id, kind: 'member', every: roundMs, samples: samples.get(id) ?? [] })),
    said: questions.agreements.map(({ group, agreement: { title, across } }, index) => ({
      group,
      title,
      across,
      host: questions.host,
      words: words[index] ?? [],
    })),
  }
}

/** All machines share the kernel, and so this clock. */
function uptimeMs(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000
}
