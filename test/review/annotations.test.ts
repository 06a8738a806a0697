import { spawnSync } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Problem } from '../../scripts/lib/definition/problem.ts'
import { temporaryRepository } from '../bundle/temporary-repository.ts'
import { top } from '../house/source-tree.ts'
import { annotationsOf } from '../../scripts/lib/review/annotations.ts'

const problem: Problem = {
  severity: 'error',
  rule: 'address-outside-network',
  file: 'lab/nodes/pve2.yaml',
  line: 7,
  column: 14,
  length: 9,
  excerpt: '  cluster: 10.9.0.12',
  message: '10.9.0.12 is not in network "cluster"',
  help: 'take a free address',
}

test('a problem becomes an annotation on its line, with what to do', () => {
  assert.equal(annotationsOf([problem]), [
    {
      severity: 'error',
      title: 'address-outside-network',
      message: '10.9.0.12 is not in network "cluster"\nhelp: take a free address',
      file: 'lab/nodes/pve2.yaml',
      line: 7,
      column: 14,
      endColumn: 23,
    },
  ])
})

test('of more than GitHub shows, the last one says how many there are besides; warnings are counted apart', () => {
  const problems = Array.from({ length: 13 }, (_, index) => ({ ...problem, line: index + 1 }))
  const annotations = annotationsOf([...problems, { ...problem, severity: 'warning' }])
  assert.is(annotations.length, 11)
  assert.match(annotations[9]?.message ?? '', '3 more of severity error')
  assert.is(annotations[10]?.severity, 'warning')
  assert.not.match(annotations[10]?.message ?? '', 'more of severity')
})

test('ten are all shown', () => {
  const annotations = annotationsOf(Array.from({ length: 10 }, () => problem))
  assert.is(annotations.length, 10)
  assert.not.match(annotations[9]?.message ?? '', 'more of severity')
})

test('text of others cannot give a workflow command of its own', () => {
  const hostile = { ...problem, message: 'x\n::set-output name=a::b', file: 'lab/a,line=1::b.yaml', rule: 'a:b' }
  const [annotation] = annotationsOf([hostile])
  const script = `import { annotate } from './scripts/lib/review/github.ts'\nannotate([${JSON.stringify(annotation)}])`
  const words = ['--import', 'tsx', '--input-type', 'module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: top, encoding: 'utf8' })
  assert.is(stdout.split('\n').length, 2, stderr)
  assert.match(
    stdout,
    /^::error title=a%3Ab,file=lab\/a%2Cline=1%3A%3Ab\.yaml,line=7,col=14,endColumn=23::x%0A::set-output/,
  )
})

/** What a verb prints on standard output in a workflow, for a lab of which two nodes have one id. */
async function printedInWorkflow(...words: readonly string[]): Promise<string> {
  const repository = await temporaryRepository()
  try {
    await cp(join(top, 'lab'), join(repository.folder, 'lab'), { recursive: true })
    await repository.commit({})
    const node = await repository.read('lab/nodes/pve1.yaml')
    await repository.write({ 'lab/nodes/pve1.yaml': node.replace('id: 1', 'id: 2') })
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(top, 'scripts/launcher.js'), ...words], {
      cwd: repository.folder,
      env: { PATH: process.env['PATH'], HOME: repository.folder, GITHUB_ACTIONS: 'true' },
      encoding: 'utf8',
    })
    assert.is(status, 1, stderr)
    return stdout
  } finally {
    await repository.remove()
  }
}

for (const words of [['check'], ['render', '--out', 'out'], ['diff', '--base', 'HEAD'], ['plan', '--base', 'HEAD']]) {
  const [verb = ''] = words
  test(`in a workflow ${verb} shows an error on its line; with --json standard output is one document, or nothing`, async () => {
    assert.match(
      await printedInWorkflow(...words),
      /^::error title=id-taken,file=lab\/nodes\/pve\d\.yaml,line=\d+,col=\d+,endColumn=\d+::.*%0Ahelp: /m,
    )
    const document = await printedInWorkflow(...words, '--json')
    if (verb === 'check') assert.is((JSON.parse(document) as { format: number }).format, 1)
    else assert.is(document, '')
  })
}

test("what the log is not to show is given to GitHub's runner, each value in a command of its own", () => {
  const script = "import { hideInLog } from './scripts/lib/review/github.ts'\nhideInLog(['hunter2', '50%\\r::x'])"
  const words = ['--import', 'tsx', '--input-type', 'module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: top, encoding: 'utf8' })
  assert.is(stdout, '::add-mask::hunter2\n::add-mask::50%25%0D::x\n', stderr)
})

test.run()
