/** `quorate rehearse`: the rollout on throwaway copies of the hosts, with everything measured. */
import { constants, writeFileSync } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { spawnSync } from 'node:child_process'
import { bothSides } from './lib/bundle/both-sides.ts'
import { sortedKeys } from './lib/bundle/canonical.ts'
import { FailureError, type Exit, type Failure } from './lib/failure.ts'
import { deploymentLines } from './lib/review/deployment-text.ts'
import { rehearsalMarkdown } from './lib/review/rehearsal-markdown.ts'
import { rehearsalText } from './lib/review/rehearsal-text.ts'
import { packageRoot } from './lib/roots.ts'
import { closeEnclosure, openEnclosure, runEnclosed, runningInside, whyNoTwin } from './lib/twin/enclosure.ts'
import type { RehearsalReport } from './lib/twin/report.ts'
import { requestFor } from './lib/twin/request-for.ts'
import type { Told } from './lib/twin/request.ts'
import type { Terminal } from './terminal.ts'

export interface RehearseOptions {
  /** The lab's folder. */
  readonly lab: string
  /** A revision; without it, the merge base with the main branch. */
  readonly base?: string
  readonly fault: readonly string[]
  readonly keep: boolean
  readonly shell?: string
  readonly format: 'text' | 'markdown' | 'json'
  /** The same as the format "json". */
  readonly json: boolean
  /** A file that the report is written to as well, as --json prints it. */
  readonly report?: string
}

/** What a line of the part inside says. */
export type InsideWord =
  | Parameters<Told>[0]
  | { readonly kind: 'report'; readonly report: RehearsalReport }
  | { readonly kind: 'failure'; readonly failure: Failure; readonly exit: Exit }

/** Where images are kept between rehearsals. */
const imageFolder = '/var/cache/quorate/images'

/** Prints the report. 0: every prediction was kept; 3: not. Throws a FailureError where it does not come to rolling out. */
export async function rehearse(options: RehearseOptions, terminal: Terminal): Promise<Exit> {
  if (options.shell !== undefined) return await openShell(options.shell, options.lab)
  if (options.report !== undefined) await clear(options.report)
  const why = await whyNoTwin(isInstalled)
  if (why !== null) throw refused(why.what, why.next, 4)
  const sides = await bothSides(options, terminal)
  if (sides.base.note !== null) terminal.note(`${sides.base.note}\n`)
  const making = (packages: readonly string[]) =>
    terminal.note(`making an image with ${packages.join(' ')}; it is kept in ${imageFolder}\n`)
  const request = await requestFor(options, sides, { quorate: launcher, imageFolder, making })
  const enclosure = await openEnclosure(resolve(options.lab))
  const interrupted = new AbortController()
  const onSignal = () => interrupted.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  let last: InsideWord | null = null
  try {
    const lines = deploymentLines({ now: () => Date.now(), groups: process.env['GITHUB_ACTIONS'] === 'true' })
    const hear = (line: string) => {
      const word = JSON.parse(line) as InsideWord
      if (word.kind === 'stage') terminal.note(`${new Date().toISOString().slice(11, 19)}  twin      ${word.text}\n`)
      else if (word.kind === 'event') terminal.note(lines.lines(word.event))
      else last = word
      if (word.kind === 'report') print(word.report, options, terminal)
    }
    const input = JSON.stringify({ ...request, folder: join(enclosure.folder, 'machines'), cgroup: enclosure.cgroup })
    await runEnclosed(
      enclosure,
      [...launcher, 'rehearse-part', 'inside', '--lab', options.lab],
      input,
      hear,
      interrupted.signal,
    )
    terminal.note(lines.close())
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    await closeEnclosure(enclosure)
  }
  return verdictOf(last, interrupted.signal.aborted)
}

/** The way in which this quorate was started, for its own parts; what a test runs is the build too. */
const launcher = [process.execPath, join(packageRoot, 'scripts/launcher.js')]

/** Before half an hour of work, and so that no earlier report stays where this one is not made. */
async function clear(file: string): Promise<void> {
  await writeFile(file, '').catch((error: unknown) => {
    const what = `--report ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`
    throw refused(what, 'name a file in a folder that is there', 2)
  })
}

function print(report: RehearsalReport, options: RehearseOptions, terminal: Terminal): void {
  if (options.report !== undefined) writeFileSync(options.report, document(report))
  terminal.out(printed(report, options, terminal.columns))
  if (options.keep)
    terminal.note('the machines are kept: "quorate rehearse --shell HOST" enters one, Ctrl-C here ends them\n')
}

function printed(report: RehearsalReport, { format, json }: RehearseOptions, columns: number): string {
  if (json || format === 'json') return document(report)
  return format === 'markdown' ? rehearsalMarkdown(report) : rehearsalText(report, columns)
}

function document(report: RehearsalReport): string {
  return `${JSON.stringify(sortedKeys(report), null, 2)}\n`
}

function verdictOf(last: InsideWord | null, aborted: boolean): Exit {
  if (last?.kind === 'report') return last.report.well ? 0 : 3
  if (last?.kind === 'failure') throw new FailureError(last.failure, last.exit)
  if (aborted) throw refused('it was ended before it was over', 'run it again', 4)
  throw refused('the part inside the twin ended without a word', 'run it again with --debug', 4)
}

/** The exit code that says so: a person's shell may well end with 1. */
const noSuchMachine = 113

/** A shell on a machine of the lab's twin that is kept. */
async function openShell(host: string, lab: string): Promise<Exit> {
  const inside = await runningInside(resolve(lab))
  if (inside === null)
    throw refused(
      `no twin of ${lab} is kept at the moment`,
      'start one in another terminal: quorate rehearse --keep',
      4,
    )
  const enter = ['--target', String(inside), '--mount', '--net', '--pid', '--']
  // The machine's name is an argument of systemd-nspawn; its one child is the machine's PID 1.
  const find = `p=$(pgrep -x -f "systemd-nspawn .*--machine=$1 .*") || exit ${noSuchMachine}; exec nsenter --target "$(pgrep -P "$p" | head -n 1)" --all --wd=/ -- /bin/bash -l`
  const { status } = spawnSync('nsenter', [...enter, '/bin/sh', '-c', find, 'sh', host], { stdio: 'inherit' })
  if (status === noSuchMachine)
    throw refused(`the twin has no machine "${host}" that is on`, 'name one of its hosts', 2)
  return 0
}

async function isInstalled(program: string): Promise<boolean> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}

function refused(what: string, next: string, exit: Exit): FailureError {
  return new FailureError({ what, where: 'rehearse', now: 'no real host was touched', next }, exit)
}
