/** Asks a person for something that nobody else should see. */
import type { Terminal } from './terminal.ts'

/** What is needed of process.stdin. */
export interface Keyboard extends NodeJS.ReadableStream {
  readonly isTTY?: boolean
  setRawMode?(on: boolean): unknown
}

const [enter, lineFeed, endOfText, interrupt, erase, backspace] = ['\r', '\n', '\u0004', '\u0003', '\u007f', '\b']

/** One line, without an echo of it; empty where the person ends it with Ctrl-C or Ctrl-D. */
export async function askUnseen(question: string, keyboard: Keyboard, terminal: Terminal): Promise<string> {
  terminal.note(question)
  keyboard.setRawMode?.(true)
  keyboard.setEncoding('utf8')
  try {
    let line = ''
    for await (const typed of keyboard) {
      for (const key of String(typed)) {
        if (key === enter || key === lineFeed) return line
        if (key === interrupt || key === endOfText) return ''
        line = key === erase || key === backspace ? Array.from(line).slice(0, -1).join('') : line + key
      }
    }
    return ''
  } finally {
    keyboard.setRawMode?.(false)
    terminal.note('\n')
  }
}
