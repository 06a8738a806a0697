/** `quorate bench`: our own figures, as relations to what the same work takes at the least, in the same run on the same machine. */
import { availableParallelism } from 'node:os'
import { sortedKeys } from './lib/bundle/canonical.ts'
import { footprint } from './lib/bench/footprint.ts'
import { launcher, onHosts } from './lib/bench/on-hosts.ts'
import { sshdPath } from './lib/bench/openssh.ts'
import { previews } from './lib/bench/previews.ts'
import type { BenchReport } from './lib/bench/report.ts'
import { FailureError, type Exit } from './lib/failure.ts'
import { benchText } from './lib/review/bench-text.ts'
import type { Terminal } from './terminal.ts'

export interface BenchOptions {
  readonly hosts: string
  readonly runs: string
  readonly delay: string
  readonly json: boolean
}

/** Prints a table, or with --json one document. Some minutes. */
export async function bench(options: BenchOptions, terminal: Terminal): Promise<Exit> {
  const hosts = wholeNumber('--hosts', options.hosts, 1, 250)
  const runs = wholeNumber('--runs', options.runs, 1, 100)
  const delay = wholeNumber('--delay', options.delay, 0, 10_000)
  const note = (text: string) => terminal.note(text)
  // Ended by hand, it ends its servers.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  note('size and start-up\n')
  const size = await footprint(launcher, runs)
  note('preview: check, render both sides, compare, diff, plan\n')
  const report: BenchReport = {
    format: 1,
    hosts,
    runs,
    machine: { node: process.version, cores: availableParallelism() },
    footprint: size,
    preview: await previews(runs),
    hostsReached: sshdPath === null ? null : await onHosts(hosts, runs, delay, note),
    notMeasured: [
      ...(sshdPath === null ? ['everything on hosts: there is no sshd here (apt-get install openssh-server)'] : []),
      'the same work by Ansible: quorate bench does not run it yet',
    ],
  }
  terminal.out(options.json ? `${JSON.stringify(sortedKeys(report), null, 2)}\n` : benchText(report, terminal.columns))
  return 0
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw new FailureError(
    {
      what: `${option} ${JSON.stringify(text)} is no whole number from ${least} to ${most}`,
      where: option,
      now: 'nothing was measured',
      next: `name a number, e.g. ${option} ${Math.max(least, 3)}`,
    },
    2,
  )
}
