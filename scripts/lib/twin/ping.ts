/** Pings an address again and again, from a network namespace. */
import { spawn } from 'node:child_process'
import type { Sample } from './series.ts'

export interface Pinging {
  /** Ends it, and says what came back. */
  stop(): Promise<readonly Sample[]>
}

/** Between two pings. Milliseconds. */
export const pingEvery = 100

/** `namespace`: null is this process's own. */
export function startPing(namespace: string | null, address: string): Pinging {
  const where = namespace === null ? [] : ['ip', 'netns', 'exec', namespace]
  const [program = '', ...args]: readonly string[] = [
    ...where,
    'ping',
    '-n',
    '-D',
    '-i',
    String(pingEvery / 1000),
    address,
  ]
  const started = Date.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  return {
    async stop() {
      child.kill('SIGINT')
      await gone
      return pingSamples(Buffer.concat(output).toString(), started)
    },
  }
}

/** From what iputils' ping prints with -D; answers say when they came and how long they took, and a packet without an answer is a number left out. */
export function pingSamples(text: string, started: number): readonly Sample[] {
  const answers = new Map<number, number>()
  for (const [, seconds, sequence, took] of text.matchAll(
    /^\[(\d+\.\d+)\] \d+ bytes from .*icmp_seq=(\d+) .*time=([\d.]+) ms$/gm,
  )) {
    answers.set(Number(sequence), Number(seconds) * 1000 - Number(took))
  }
  const sent = Number(/^(\d+) packets transmitted/m.exec(text)?.[1] ?? Math.max(0, ...answers.keys()))
  const samples: Sample[] = []
  let last = started - pingEvery
  for (let sequence = 1; sequence <= sent; sequence += 1) {
    const answered = answers.get(sequence)
    last = answered ?? last + pingEvery
    samples.push({ at: last, well: answered !== undefined })
  }
  return samples
}
