/** Every verb with its options, its example and the module that it is loaded from when it is called. */
import { type Command, Option } from 'commander'
import type { CheckOptions } from './check.ts'
import type { Exit } from './lib/failure.ts'
import type { Problem } from './lib/definition/problem.ts'
import { faultNames } from './lib/twin/fault.ts'
import type { Terminal } from './terminal.ts'

/** What a verb's module exports. */
export type Verb<Options> = (options: Options, terminal: Terminal) => Promise<Exit>

/** Adds a verb to the command line: name, what it does, an example, what loads it. */
export type Add = <Options>(
  name: string,
  summary: string,
  example: string,
  load: () => Promise<Verb<Options>>,
) => Command

/** The verbs that need no host. With `isWorkflow`, `check` shows its problems on the lines of the pull request besides. */
export function addReviewVerbs(add: Add, isWorkflow: boolean): void {
  const loadCheck = async () => (isWorkflow ? await annotatedCheck() : (await import('./check.ts')).check)
  withLab(add('check', 'find every problem in the definition', 'check --lab lab', loadCheck))

  withLab(
    add('render', "write every host's files", 'render --out out', async () => (await import('./render.ts')).render),
  )
    .option('--out <dir>', 'the folder to write to: DIR/<host>/<path on the host>')
    .option('--host <name...>', 'these hosts only', [])

  withLab(
    add('diff', 'show what changes on which host', 'diff --base main', async () => (await import('./diff.ts')).diff),
  )
    .option('--base <rev>', 'the revision to compare with (default: where this branch left the main branch)')
    .addOption(new Option('--format <form>', 'how to print it').choices(['text', 'markdown', 'json']).default('text'))

  withLab(
    add('plan', 'show the rollout, step by step', 'plan --base main', async () => (await import('./plan.ts')).plan),
  )
    .option('--base <rev>', 'the revision the hosts are at (default: where this branch left the main branch)')
    .addOption(new Option('--format <form>', 'how to print it').choices(['text', 'mermaid', 'json']).default('text'))

  const loadRehearse = async () => (await import('./rehearse.ts')).rehearse
  withLab(add('rehearse', 'roll the change out on throwaway copies of the hosts', 'rehearse --base main', loadRehearse))
    .option('--base <rev>', 'the revision the hosts are at (default: where this branch left the main branch)')
    .option(
      '--fault <name...>',
      `roll out once for each, and something goes wrong: NAME[:HOST][@STEP[.PHASE]], as in node-killed:pve2@3.armed; names: ${faultNames.join(', ')}`,
      [],
    )
    .addOption(new Option('--format <form>', 'how to print it').choices(['text', 'markdown', 'json']).default('text'))
    .option('--keep', 'leave the machines up afterwards, until Ctrl-C', false)
    .option('--shell <host>', 'enter a machine of a rehearsal that is kept')

  add(
    'comment',
    'in a workflow: post or update the comment on the pull request',
    'comment --review review --dry-run',
    async () => (await import('./comment.ts')).comment,
  )
    .option(
      '--review <dir>',
      'the folder with problems.json, changes.json, rollout.json and rehearsal.json, as --json printed them; those that are missing are left out',
      'review',
    )
    .option('--repository <owner/name>', 'where the pull request is (default: GITHUB_REPOSITORY)')
    .option('--pull-request <number>', 'its number (default: that of the event in GITHUB_EVENT_PATH)')
    .option('--artifact <url>', 'where everything can be read (default: the run that the event names)')
    .option('--author <login>', 'who wrote the comment to update (default: whose the token in GITHUB_TOKEN is)')
    .option('--dry-run', 'print the comment and send nothing', false)

  add(
    'demo',
    'show the whole way on simulated hosts in this process',
    'demo',
    async () => (await import('./demo.ts')).demo,
  ).option('--folder <dir>', 'where to leave bundles, plan and report (default: quorate-demo)')

  const loadBench = async () => (await import('./bench.ts')).bench
  add('bench', 'measure quorate on this machine, against ssh and sftp alone', 'bench --hosts 3', loadBench)
    .option('--hosts <number>', 'OpenSSH servers to start on loopback', '3')
    .option('--runs <number>', 'of each; the median counts', '5')
    .option('--delay <ms>', 'added to every message in the part that is about distant hosts', '80')
}

/** What a rehearsal and a benchmark start by themselves; nobody else calls them. */
export function addParts(
  program: Command,
  run: (of: 'rehearse' | 'bench', part: string, lab: string) => Promise<void>,
): void {
  for (const of of ['rehearse', 'bench'] as const) {
    program
      .command(`${of}-part <part>`, { hidden: true })
      .option('--lab <dir>', "the lab's folder", 'lab')
      .action((part: string, { lab }: { lab: string }) => run(of, part, lab))
  }
}

/** The verbs that go to the hosts. `onDeploy` is called when a deployment begins. */
export function addHostVerbs(add: Add, onDeploy: () => void): void {
  const loadDeploy = async () => {
    const { deploy } = await import('./deploy.ts')
    onDeploy()
    return deploy
  }
  withHosts(
    add('deploy', 'bring the hosts to the definition; without --apply it only says how', 'deploy --apply', loadDeploy),
  )
    .option('--apply', 'do it', false)
    .option('--at <rev>', 'deploy this commit, an older one to go back')
    .option('--only <host...>', 'these hosts only', [])
    .option('--without <host...>', 'count these hosts as lost, and go on if that is safe', [])
    .option('--adopt', 'take over files that quorate did not write', false)
    .option('--override <host:path...>', 'overwrite these files though somebody edited them', [])
    .option(
      '--accept-outage <group...>',
      'these groups may fall below their minimum; way@HOST: the way in to it may be swapped at once',
      [],
    )
    .option('--keep', 'after a failed step leave the earlier ones as they are', false)
    .option('--reviewed <digest>', 'refuse any rollout but this one')

  const loadDrift = async () => (await import('./drift.ts')).drift
  withHosts(add('drift', 'compare the hosts with what was last deployed', 'drift', loadDrift)).option(
    '--host <name...>',
    'these hosts only',
    [],
  )

  const loadStatus = async () => (await import('./status.ts')).status
  withHosts(add('status', 'say what each host is at', 'status', loadStatus)).option(
    '--host <name...>',
    'these hosts only',
    [],
  )
}

function withLab(verb: Command): Command {
  return verb.option('--lab <dir>', "the lab's folder", 'lab')
}

function withHosts(verb: Command): Command {
  return withLab(verb)
    .option('--identity <file>', 'private key for SSH; without it, the keys of the SSH agent')
    .option('--known-hosts <file>', "the hosts' pinned keys (default: known_hosts in the lab's folder)")
}

async function annotatedCheck(): Promise<Verb<CheckOptions>> {
  const [{ check }, { annotate }, { annotationsOf }] = await Promise.all([
    import('./check.ts'),
    import('./lib/review/github.ts'),
    import('./lib/review/annotations.ts'),
  ])
  const show = (problems: readonly Problem[]) => annotate(annotationsOf(problems))
  // Annotations are lines on standard output, where --json promises one document.
  return async (options, terminal) => await check(options.json ? options : { ...options, show }, terminal)
}
