/** What is most often wrong with PromQL that a person wrote, found without Prometheus. What else is wrong promtool finds on the server. */

export interface Fault {
  readonly what: string
  readonly help: string
}

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** The first fault; null where there is none of these. */
export function expressionFault(expr: string): Fault | null {
  const open: string[] = []
  for (let at = 0; at < expr.length; at++) {
    const character = expr.charAt(at)
    if (character === '"' || character === "'" || character === '`') {
      const end = endOfString(expr, at)
      if (end === null)
        return { what: `a quote that begins at ${expr.slice(at, at + 20)} does not end`, help: 'close it' }
      at = end
    } else if (closers[character] !== undefined) {
      open.push(closers[character])
    } else if (')]}'.includes(character)) {
      const expected = open.pop()
      if (expected !== character) return unbalanced(character, expected)
    } else if (character === '=' && open.at(-1) !== '}') {
      if (!isComparison(expr, at)) {
        return { what: `"=" compares nothing: ${expr.slice(Math.max(0, at - 12), at + 6).trim()}`, help: 'write ==' }
      }
      if (expr.charAt(at + 1) === '=') at++
    }
  }
  const missing = open.at(-1)
  return missing === undefined ? null : { what: `a "${missing}" is missing at the end`, help: `add "${missing}"` }
}

/** Where the quote at a place ends; null where it does not. Between backticks nothing is escaped. */
function endOfString(expr: string, from: number): number | null {
  const quote = expr.charAt(from)
  for (let at = from + 1; at < expr.length; at++) {
    if (expr.charAt(at) === '\\' && quote !== '`') at++
    else if (expr.charAt(at) === quote) return at
  }
  return null
}

/** ==, !=, >= and <=. */
function isComparison(expr: string, at: number): boolean {
  return expr.charAt(at + 1) === '=' || '!<>'.includes(expr.charAt(at - 1) || ' ')
}

function unbalanced(character: string, expected: string | undefined): Fault {
  if (expected === undefined) return { what: `"${character}" closes what was not opened`, help: 'take it out' }
  return { what: `"${character}" stands where "${expected}" is expected`, help: 'close what was opened last first' }
}
