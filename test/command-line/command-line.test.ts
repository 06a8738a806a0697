import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import { explain, run } from '../../scripts/quorate.ts'
import type { Terminal } from '../../scripts/terminal.ts'
import { top } from '../house/source-tree.ts'

const verbs = ['check', 'render', 'diff', 'plan', 'comment', 'announce', 'deploy', 'drift', 'status', 'demo', 'bench']

/** Runs a command line; gives its exit code and what it printed. */
async function called(...args: readonly string[]) {
  const printed = { out: '', note: '' }
  const terminal: Terminal = {
    out: (text) => void (printed.out += text),
    note: (text) => void (printed.note += text),
    colour: false,
    columns: 80,
    live: false,
  }
  return {
    exit: await run(args, terminal, {
      onInterrupt: () => {},
      isWorkflow: false,
      written: async () => [],
      onLeak: () => {},
    }),
    ...printed,
  }
}

test('the help names every verb and the exit codes', async () => {
  const { exit, out } = await called('--help')
  assert.is(exit, 0)
  for (const verb of verbs) assert.match(out, new RegExp(`^  ${verb} `, 'm'))
  assert.match(out, 'Exit codes: 0 ')
})

for (const verb of verbs) {
  test(`${verb} --help has an example, --json and --debug`, async () => {
    const { exit, out } = await called(verb, '--help')
    assert.is(exit, 0)
    assert.match(out, `$ quorate ${verb}`)
    assert.match(out, '--json')
    assert.match(out, '--debug')
    assert.is(out.includes('--lab <dir>'), !['announce', 'comment', 'demo', 'bench'].includes(verb))
  })
}

for (const verb of ['check', 'set', 'edit', 'rotate']) {
  test(`secrets ${verb} --help has an example, and "secrets --help" names it`, async () => {
    const { exit, out } = await called('secrets', verb, '--help')
    assert.is(exit, 0)
    for (const part of [`$ quorate secrets ${verb}`, '--json', '--debug', '--lab <dir>']) assert.match(out, part)
    assert.match((await called('secrets', '--help')).out, new RegExp(`^  ${verb} `, 'm'))
  })
}

test("a secret's value is no argument", async () => {
  const { exit, note } = await called('secrets', 'set', 'tinc.cluster.pve1', 'hunter2')
  assert.is(exit, 2)
  assert.match(note, 'too many arguments')
  assert.not.match(note, 'hunter2')
})

const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
  [[], 'Usage: quorate'],
  [['chekc'], 'Did you mean check?'],
  [['secrets'], 'Usage: quorate secrets'],
  [['secrets', 'sett'], 'Did you mean set?'],
  [['check', '--jsn'], 'Did you mean --json?'],
  [['check', 'lab'], 'too many arguments'],
  [['plan', '--format', 'html'], 'Allowed choices are text, mermaid, json'],
  [['render', '--out'], 'argument missing'],
  [['rehearse', '--report', '/nonexistent/r.json'], 'error: --report /nonexistent/r.json cannot be written: ENOENT'],
]

for (const [args, says] of wrong) {
  test(`wrong usage is exit 2 and says why: quorate ${args.join(' ')}`, async () => {
    const { exit, out, note } = await called(...args)
    assert.is(exit, 2)
    assert.is(out, '')
    assert.match(note, says)
  })
}

const failure = { what: 'pve2 is gone', where: 'pve2', now: 'nothing was changed', next: 'bring it back' }

test('a failure is four sentences and its own exit code', () => {
  assert.equal(explain(new FailureError(failure, 3), false), {
    exit: 3,
    text: 'error: pve2 is gone\n  where pve2\n  now   nothing was changed\n  next  bring it back\n',
  })
})

test('anything else is a bug, exit 4, and shows where it came from with --debug only', () => {
  const error = new TypeError('x is not a function', { cause: new Error('the disk is full') })
  const short = explain(error, false)
  assert.is(short.exit, 4)
  assert.match(short.text, 'this is a bug in quorate: x is not a function')
  assert.not.match(short.text, 'command-line.test.ts')
  const long = explain(error, true)
  assert.match(long.text, 'command-line.test.ts')
  assert.match(long.text, 'caused by Error: the disk is full')
})

/** Runs a script in a process of its own. */
function inProcess(script: string) {
  const words = ['--import', 'tsx', '--input-type', 'module', '--eval', script]
  return spawnSync(process.execPath, words, { cwd: top, encoding: 'utf8' })
}

const versionIn = `import { main } from './scripts/quorate.ts'\nprocess.argv = ['node', 'quorate', '--version']\n`

test('a verb that ends well ends the process with its exit code', () => {
  assert.is(inProcess(`${versionIn}await main()`).status, 0)
})

test('an error that no promise carries is a bug with exit 4, not problems in the definition', () => {
  const { status, stderr } = inProcess(`${versionIn}await main()\nsetTimeout(() => { throw new Error('too late') })`)
  assert.is(status, 4)
  assert.match(stderr, 'this is a bug in quorate: too late')
})

test.run()
