/** What has to hold of any Markdown that quorate writes for GitHub, whatever stands in it. */
import * as assert from 'uvu/assert'

/** The body without its fences and code spans: what Markdown, HTML and GitHub read. Throws where a fence stays open. */
function outside(body: string): string {
  const seen: string[] = []
  let open = ''
  for (const line of body.split('\n')) {
    const ticks = /^`{3,}/.exec(line)?.[0] ?? ''
    if (open !== '') {
      if (ticks.length >= open.length && line === ticks) open = ''
    } else if (ticks !== '' && !line.slice(ticks.length).includes('`')) open = ticks
    else seen.push(line.replaceAll(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, ''))
  }
  assert.is(open, '', 'a fence is open at the end')
  return seen.join('\n')
}

/** Throws where a text could break out of its place, hide something, call somebody, or is longer than `most`. */
export function assertWhole(body: string, most: number): void {
  assert.ok(body.length <= most, `${body.length} characters`)
  assert.not.match(body, /\p{Cs}/u, 'a character is halved')
  assert.not.match(body, /[\u0000-\u0008\u000b-\u001f\u202e\u200b\u2028\u3164\r]/)
  const words = outside(body)
  assert.not.match(words, /`|@|evil|script|someone|alert|[^#&]#\d/)
  assert.is(words.match(/<details>/g)?.length, words.match(/<\/details>/g)?.length, 'a click is open at the end')
  assert.is(words.match(/<!--/g)?.length, words.match(/-->/g)?.length)
  assert.is(words.match(/^### /gm)?.length, 1, 'one verdict')
  // Every row of a table has as many cells as its head.
  for (const [whole] of words.matchAll(/(?:^\|.*\n)+/gm)) {
    const cells = whole
      .trimEnd()
      .split('\n')
      .map((row) => row.split('|').length)
    assert.is(new Set(cells).size, 1, whole)
  }
}
