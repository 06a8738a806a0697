/** Every verb with its options, its example and the module that it is loaded from when it is called. */
import { type Command, Option } from 'commander'
import type { Exit } from './lib/failure.ts'
import { faultNames } from './lib/twin/fault.ts'
import { reverts } from './lib/review/revert-branch.ts'
import type { Terminal } from './terminal.ts'

/** What a verb's module exports. */
export type Verb<Options> = (options: Options, terminal: Terminal) => Promise<Exit>

/** Adds a verb to the command line: name ("secrets set" is one of a group's), what it does, an example, what loads it. */
export type Add = <Options>(
  name: string,
  summary: string,
  example: string,
  load: () => Promise<Verb<Options>>,
) => Command

/** The verbs that need no host. With `isWorkflow`, they show problems on the lines of the pull request besides. */
export function addReviewVerbs(add: Add, isWorkflow: boolean): void {
  const shown = isWorkflow ? annotating : <Options>(verb: Verb<Options>) => verb
  const loadCheck = async () => shown((await import('./check.ts')).check)
  withLab(add('check', 'find every problem in the definition', 'check --lab lab', loadCheck))

  const loadRender = async () => shown((await import('./render.ts')).render)
  withLab(add('render', "write every host's files", 'render --out out', loadRender))
    .option('--out <dir>', 'the folder to write to: DIR/<host>/<path on the host>')
    .option('--host <name...>', 'these hosts only', [])

  const loadDiff = async () => shown((await import('./diff.ts')).diff)
  withLab(add('diff', 'show what changes on which host', 'diff --base main', loadDiff))
    .option('--base <rev>', 'the revision to compare with (default: where this branch left the main branch)')
    .addOption(new Option('--format <form>', 'how to print it').choices(['text', 'markdown', 'json']).default('text'))

  const loadPlan = async () => shown((await import('./plan.ts')).plan)
  withLab(add('plan', 'show the rollout, step by step', 'plan --base main', loadPlan))
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
    .option('--report <file>', 'write the report to this file as well, as --json prints it')
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

  addAnnounce(add)

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

function addAnnounce(add: Add): void {
  add(
    'announce',
    'in a workflow: tell people how a deployment ended, or what drifted',
    'announce --outcome outcome.json --dry-run',
    async () => (await import('./announce.ts')).announce,
  )
    .option('--outcome <file>', 'what "deploy --json" printed: a status, a deployment, an issue while it is not well')
    .option('--drift <file>', 'what "drift --json" printed: an issue while there is drift')
    .option('--commit <hash>', 'what was to be deployed, where the outcome does not say it')
    .option('--exit <code>', 'how "deploy" ended, where it left no outcome')
    .addOption(new Option('--revert <state>', 'what became of the branch that takes the change back').choices(reverts))
    .option('--repository <owner/name>', 'where to tell it (default: GITHUB_REPOSITORY)')
    .option('--author <login>', 'who wrote what is there already (default: whose the token in GITHUB_TOKEN is)')
    .option('--dry-run', 'print the text and send nothing', false)
}

/** The verbs about the encrypted secrets; `check` needs no key, the others have the program sops do it. */
export function addSecretVerbs(add: Add): void {
  const loadCheck = async () => (await import('./secrets/check.ts')).checkSecrets
  withLab(add('secrets check', 'see that all are set, and encrypted for the right people', 'secrets check', loadCheck))

  const loadSet = async () => (await import('./secrets/set.ts')).set
  withLab(add('secrets set', 'give one a value, typed unseen or piped in', setExample, loadSet)).argument(
    '<name>',
    'the secret, as "secrets check" lists it',
  )

  const loadEdit = async () => (await import('./secrets/edit.ts')).edit
  withLab(add('secrets edit', 'open them in an editor', 'secrets edit', loadEdit))

  const loadRotate = async () => (await import('./secrets/rotate.ts')).rotate
  withLab(add('secrets rotate', 'make a new data key, for those whom .sops.yaml names', 'secrets rotate', loadRotate))
}

const setExample = 'secrets set keepalived.services.password'

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
    .option(
      '--artifacts <path...>',
      'files and folders for others: the run fails when a secret is in them afterwards',
      [],
    )

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

/** Annotations are lines on standard output, where a document is promised as the only one. */
function annotating<Options extends { readonly json: boolean; readonly format?: string }>(
  verb: Verb<Options>,
): Verb<Options> {
  return async (options, terminal) => {
    if (options.json || options.format === 'json') return await verb(options, terminal)
    const [{ annotate }, { annotationsOf }] = await Promise.all([
      import('./lib/review/github.ts'),
      import('./lib/review/annotations.ts'),
    ])
    return await verb(options, { ...terminal, show: (problems) => annotate(annotationsOf(problems)) })
  }
}
