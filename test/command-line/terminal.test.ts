import { EventEmitter } from 'node:events'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openTerminal } from '../../scripts/terminal.ts'

/** A stream that keeps what is written. */
class Page extends EventEmitter {
  readonly isTTY: boolean
  text = ''

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  write(text: string): void {
    this.text += text
  }
}

const colours: readonly (readonly [isTTY: boolean, environment: NodeJS.ProcessEnv, colour: boolean])[] = [
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [false, { FORCE_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
]

for (const [isTTY, environment, colour] of colours) {
  test(`${isTTY ? 'a terminal' : 'a pipe'} with ${JSON.stringify(environment)} ${colour ? 'has' : 'has no'} colour`, () => {
    assert.is(openTerminal(new Page(isTTY), new Page(isTTY), environment).colour, colour)
  })
}

test('a CI log is not watched live, and neither is a pipe', () => {
  assert.is(openTerminal(new Page(true), new Page(true), {}).live, true)
  assert.is(openTerminal(new Page(true), new Page(true), { CI: 'true' }).live, false)
  assert.is(openTerminal(new Page(true), new Page(false), {}).live, false)
})

test('a reader that goes away ends the printing, not the work', () => {
  const out = new Page(false)
  const terminal = openTerminal(out, new Page(false), {})
  terminal.out('one\n')
  out.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  terminal.out('two\n')
  assert.is(out.text, 'one\n')
})

test('any other error of a stream is not hidden', () => {
  const out = new Page(false)
  openTerminal(out, new Page(false), {})
  assert.throws(() => out.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC' })), /no space/)
})

test.run()
