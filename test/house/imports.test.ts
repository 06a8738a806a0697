import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { importProblems } from './import-rules.ts'
import { filesBelow } from './source-tree.ts'

const code = /\.(ts|js)$/

test('every import points from the verbs to lib to the renderers, and each outside system has one door', () => {
  assert.equal(importProblems([...filesBelow('scripts', code), ...filesBelow('renderers', code)]), [])
})

const planted: readonly (readonly [path: string, text: string])[] = [
  ['scripts/lib/definition/x.ts', `import { plan } from '../rollout/plan.ts'`],
  ['scripts/lib/bundle/x.ts', `import type { Outcome } from '../deployment/outcome.ts'`],
  ['scripts/lib/deployment/x.ts', `export { text } from '../review/text.ts'`],
  ['scripts/lib/rollout/x.ts', `import { renderers } from '../../../renderers/index.ts'`],
  ['scripts/lib/rollout/x.ts', `const { renderers } = await import('../../../renderers/index.ts')`],
  ['scripts/lib/rollout/x.ts', `import corosync from '../../../renderers/corosync/index.ts'`],
  ['scripts/lib/bundle/x.ts', `import type { Terminal } from '../../terminal.ts'`],
  ['scripts/lib/failure.ts', `import { define } from './definition/definition.ts'`],
  ['scripts/lib/bundle/render.ts', `import { parse } from 'yaml'`],
  ['scripts/lib/deployment/step.ts', `import { Client } from 'ssh2'`],
  ['scripts/deploy.ts', `import SftpClient from 'ssh2-sftp-client'`],
  ['renderers/tinc/index.ts', `import nunjucks from 'nunjucks'`],
  ['renderers/tinc/index.ts', `import { links } from '../corosync/settings.ts'`],
  ['renderers/tinc/index.ts', `import { compare } from '../../scripts/lib/bundle/compare.ts'`],
]

for (const [path, text] of planted) {
  test(`an import that points the wrong way is found: ${path}, ${text}`, () => {
    assert.is(importProblems([{ path, text }]).length, 1)
  })
}

test('imports that point the right way are left alone', () => {
  const files = [
    { path: 'scripts/lib/rollout/plan.ts', text: `import type { Rendering } from '../bundle/rendering.ts'` },
    { path: 'scripts/lib/rollout/plan.ts', text: `import type { Renderer } from '../../../renderers/renderer.ts'` },
    { path: 'scripts/lib/review/text.ts', text: `import type { Outcome } from '../deployment/outcome.ts'` },
    { path: 'scripts/plan.ts', text: `import { plan } from './lib/rollout/plan.ts'` },
    {
      path: 'renderers/tinc/index.ts',
      text: `import { template } from '../renderer.ts'\nimport { name } from './name.ts'`,
    },
    { path: 'renderers/index.ts', text: `import { tinc } from './tinc/index.ts'` },
  ]
  assert.equal(importProblems(files), [])
})

test.run()
