/** Reads the words of a command line, runs the verb they name, and explains wrong usage. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError, type Option } from 'commander'
import type { Written } from './lib/deployment/leaks.ts'
import type { Exit } from './lib/failure.ts'
import { packageRoot } from './lib/roots.ts'
import type { Terminal } from './terminal.ts'
import { type Add, addHostVerbs, addParts, addReviewVerbs, addSecretVerbs } from './verbs.ts'

/** What a command line is called in. */
export interface Surroundings {
  /** Calls back when a person wants to end the run. */
  readonly onInterrupt: (explain: () => void) => void
  /** GitHub reads standard output for workflow commands. */
  readonly isWorkflow: boolean
  /** All that the process has written so far. */
  readonly written: () => Promise<readonly Written[]>
  /** Is called when a secret is in it. */
  readonly onLeak: () => void
}

/** What runs the words of a command line. Wrong usage is explained on `note` and comes to 2. */
export function commandLine(
  terminal: Terminal,
  { onInterrupt, isWorkflow }: Surroundings,
): (args: readonly string[]) => Promise<Exit> {
  let exit: Exit = 0
  const program = programFor(terminal)
  const add: Add = (name, summary, example, load) =>
    groupFor(program, name)
      .command(name.split(' ').at(-1)!)
      .description(summary)
      .option('--json', 'print one JSON document on standard output', false)
      .option('--debug', 'with an error, print where in the code it came from', false)
      .addHelpText('after', `\nExample:\n  $ quorate ${example}\n`)
      .action(async (...given: unknown[]) => {
        const { args: words } = given.at(-1) as Command
        const options = { ...(given.at(-2) as object), words } as Parameters<Awaited<ReturnType<typeof load>>>[0]
        exit = await (await load())(options, terminal)
      })
  addReviewVerbs(add, isWorkflow)
  addSecretVerbs(add)
  addHostVerbs(add, () => onInterrupt(() => terminal.note(whileDeploying)))
  addParts(program, async (of, part, lab) => {
    const run =
      of === 'bench' ? (await import('./bench-part.ts')).benchPart : (await import('./rehearse-part.ts')).rehearsePart
    exit = await run({ part, lab }, terminal)
  })

  return async (args) => {
    try {
      await program.parseAsync(args, { from: 'user' })
      return exit
    } catch (error) {
      if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
      throw error
    }
  }
}

/** The command that a verb belongs to: the program, or the group that is named before it. */
function groupFor(program: Command, name: string): Command {
  const [group, verb] = name.split(' ')
  if (verb === undefined) return program
  const known = program.commands.find((command) => command.name() === group)
  return known ?? program.command(group!).description(groups[group!] ?? '')
}

const groups: Readonly<Record<string, string>> = { secrets: "look at and change the lab's encrypted secrets" }

const whileDeploying = `
Ctrl-C: the deployment goes on, because a half-done step is not a state to leave a host in.
  Ctrl-C again ends this process now: armed hosts take their step back by themselves, and the next deploy finishes or reverts the rest.
`

function programFor(terminal: Terminal): Command {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  return new Command('quorate')
    .description('GitOps for small clusters that must never lose quorum')
    .version(version)
    .exitOverride()
    .configureHelp({ optionDescription })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.note(text),
      getOutHelpWidth: () => Math.min(terminal.columns, 120),
      getErrHelpWidth: () => Math.min(terminal.columns, 120),
    })
    .addHelpText('after', exitCodes)
}

/** As commander's own, without the empty defaults. */
function optionDescription({ description, argChoices, defaultValue }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(typeof defaultValue === 'string' ? [`default: ${defaultValue}`] : []),
  ]
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`
}

const exitCodes = `
Exit codes: 0 all well, 1 problems or drift found, 2 wrong usage, 3 failed and reverted, 4 needs a person, 5 somebody else deploys`
