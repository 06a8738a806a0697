import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Part, Text } from '../../renderers/renderer.ts'
import { canonicalJson } from '../../scripts/lib/bundle/canonical.ts'
import { compare } from '../../scripts/lib/bundle/compare.ts'
import { emptyRendering, renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { file, host, lab, part, toy } from './sample.ts'

type Contents = Readonly<Record<string, Readonly<Record<string, string>>>>

/** By host and path, the text. */
function rendering(contents: Contents): Rendering {
  const parts = (name: string) => [
    part(
      'toy',
      Object.entries(contents[name] ?? {}).map(([path, text]) => file(path, [text])),
    ),
  ]
  return renderLab(lab(Object.keys(contents).map((name) => host(name))), [toy(parts)], {}).rendering
}

function one(parts: readonly Part[], fingerprints: Record<string, string> = {}): Rendering {
  return renderLab(lab([host('n1')]), [toy(() => parts)], fingerprints).rendering
}

const anyContents = fc.dictionary(
  fc.constantFrom('n1', 'n2', 'n10'),
  fc.dictionary(fc.constantFrom('/etc/a', '/etc/b', '/etc/b.d'), fc.constantFrom('1\n', '2\n')),
)

test('a rendering does not differ from itself, also when it was read from JSON', () => {
  fc.assert(
    fc.property(anyContents, (contents) => {
      const some = rendering(contents)
      assert.equal(compare(some, some), [])
      assert.equal(compare(some, JSON.parse(JSON.stringify(some)) as Rendering), [])
    }),
  )
})

test('the changes, applied to the one, make the other: nothing is left out and nothing is too much', () => {
  fc.assert(
    fc.property(anyContents, anyContents, (left, right) => {
      const files = textsOf(rendering(left))
      const after = rendering(right)
      for (const change of compare(rendering(left), after)) {
        const key = `${change.host} ${change.path}`
        assert.is(Object.hasOwn(files, key), change.kind !== 'new')
        if (change.contentAfter === null) delete files[key]
        else files[key] = after.contents[change.contentAfter] ?? []
      }
      assert.is(canonicalJson(files), canonicalJson(textsOf(after)))
    }),
  )
})

/** By host and path. */
function textsOf(some: Rendering): Record<string, Text> {
  const bundles = Object.values(some.hosts)
  const files = bundles.flatMap((bundle) =>
    bundle.parts.flatMap(({ files: own }) => own.map((each) => [bundle.host, each] as const)),
  )
  return Object.fromEntries(files.map(([name, { path, content }]) => [`${name} ${path}`, some.contents[content] ?? []]))
}

test('changes are sorted by host and path, in code-unit order', () => {
  const changes = compare(
    emptyRendering('sample'),
    rendering({ n2: { '/etc/b': '1\n', '/etc/B': '1\n' }, n10: { '/etc/a': '1\n' } }),
  )
  assert.equal(
    changes.map((change) => `${change.host}:${change.path} ${change.kind}`),
    ['n10:/etc/a new', 'n2:/etc/B new', 'n2:/etc/b new'],
  )
})

test('a host that left the lab gives up its files', () => {
  const [change, ...more] = compare(rendering({ n1: {}, n2: { '/etc/a': '1\n' } }), rendering({ n1: {} }))
  assert.equal(more, [])
  assert.is(change?.kind, 'removed')
  assert.is(change?.after, null)
  assert.is(change?.contentAfter, null)
})

test('a mode, or the ciphertext of a secret, is a change though the content is the same', () => {
  const hole = { secret: 'toy', kind: 'text', half: 'whole' } as const
  const [mode] = compare(
    one([part('toy', [file('/a')])]),
    one([part('toy', [file('/a', ['text\n'], { mode: '0600' })])]),
  )
  assert.is(mode?.kind, 'changed')
  assert.is(mode?.contentBefore, mode?.contentAfter)
  const secret = [part('toy', [file('/a', [hole, '\n'])])]
  assert.is(compare(one(secret, { toy: 'a' }), one(secret, { toy: 'b' })).length, 1)
  assert.is(compare(one(secret, { toy: 'a' }), one(secret, { toy: 'a', unused: 'b' })).length, 0)
})

test('a file that passes to another part is changed, in the part that has it now, also with the same bytes', () => {
  const changes = compare(one([part('toy.old', [file('/a')])]), one([part('toy.new', [file('/a')])]))
  assert.equal(
    changes.map(({ part: id, kind }) => [id, kind]),
    [['toy.new', 'changed']],
  )
  assert.is(changes[0]?.before, changes[0]?.after)
})

test('settings, probes or effects that differ without a file make no change', () => {
  assert.equal(compare(one([part('toy', [file('/a')])]), one([part('toy', [file('/a')], { layer: 2 })])), [])
})

test.run()
