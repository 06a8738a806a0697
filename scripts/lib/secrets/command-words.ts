/** The words of a command, as SOPS takes a command apart (github.com/google/shlex) to run it without a shell. */

/** What is in a word: characters as they are, after a backslash, or between quotes. */
const piece = /\\([^])|"((?:[^"\\]|\\[^])*)"|'([^']*)'|([^\s\\"'])/y
const gap = /(?:\s+|#[^\n]*(?:\n|$))*/y

/** Null where a quote stays open, or nothing follows a backslash. A "#" at the beginning of a word begins a comment. */
export function commandWords(command: string): readonly string[] | null {
  const words: string[] = []
  let at = endOf(gap, command, 0)
  while (at < command.length) {
    let word = ''
    while (at < command.length && !/\s/.test(command[at]!)) {
      piece.lastIndex = at
      const found = piece.exec(command)
      if (found === null) return null
      const [, escaped, inDouble, inSingle, plain] = found
      word += escaped ?? inDouble?.replaceAll(/\\([^])/g, '$1') ?? inSingle ?? plain ?? ''
      at = piece.lastIndex
    }
    words.push(word)
    at = endOf(gap, command, at)
  }
  return words
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.exec(text)
  return Math.max(at, pattern.lastIndex)
}
