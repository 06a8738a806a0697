import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileKind } from '../../scripts/lib/definition/file-kind.ts'
import { exampleSources } from './broken-lab.ts'
import { openEditor } from './editor.ts'

const editor = openEditor()
const modeline = (folder: string, def: string) =>
  `# yaml-language-server: $schema=${folder}lab.schema.json#/$defs/${def}\n`

test('every file of the example lab names its schema, and the editor underlines nothing', async () => {
  const definitions = (await exampleSources()).filter(({ path }) => fileKind(path).kind === 'definition')
  assert.ok(definitions.length > 8)
  for (const { path, text } of definitions) {
    assert.match(
      text.split('\n')[0]!,
      /^# yaml-language-server: \$schema=(\.\.\/)+lab\.schema\.json#\/\$defs\/[a-z]+$/,
      path,
    )
    assert.equal(await editor.underlined(`lab/${path}`, text), [], path)
  }
})

test('a typo is underlined in a file of every kind', async () => {
  const definitions = (await exampleSources()).filter(({ path }) => fileKind(path).kind === 'definition')
  for (const { path, text } of definitions) {
    const wrong = await editor.underlined(`lab/${path}`, `${text}nope: 1\n`)
    assert.ok(wrong.length > 0, path)
  }
})

test('a value that is none of those allowed is underlined where it stands', async () => {
  const text = `${modeline('../', 'lab')}name: a\nplatform: promox\nmanagement: { network: public }\n`
  const [first, ...more] = await editor.underlined('lab/lab.yaml', text)
  assert.match(first ?? '', /^3:11 .*"proxmox".*"debian"/)
  assert.equal(more, [])
})

test('keys are offered with what they mean', async () => {
  const offers = await editor.offered('lab/nodes/pve9.yaml', modeline('../../', 'node'))
  for (const key of ['id', 'addresses', 'title', 'tags', 'platform']) {
    const offer = offers.find(({ label }) => label === key)
    assert.ok(offer, `${key} is not offered`)
    assert.ok(offer.documentation.length > 10, `${key} is not explained`)
  }
  assert.ok(offers.some(({ label }) => label === 'a rented server'))
})

test('allowed values are offered', async () => {
  const offers = await editor.offered('lab/guests/web9.yaml', `${modeline('../../', 'guest')}type: `)
  assert.equal(offers.map(({ label }) => label).toSorted(), ['lxc', 'vm'])
})

test('a key is explained in words', async () => {
  const text = `${modeline('../', 'networks')}public:\n  carrier: physical\n`
  assert.match(await editor.explained('lab/networks.yaml', text, 'carrier: phy'), /What carries the network/)
})

test.run()
