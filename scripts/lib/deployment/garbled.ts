/** A host whose answer cannot be understood: as good as one that does not answer. */
import { FailureError } from '../failure.ts'

/** `what`: what is wrong with it. */
export function garbled(host: string, what: string, cause?: unknown): FailureError {
  return new FailureError(
    {
      what: `the answer of ${host} cannot be understood: ${what}`,
      where: host,
      now: 'what the host is in is not known',
      next: `see on ${host} that /, /run and /var/lib/quorate are not full, and run again`,
    },
    4,
    { cause },
  )
}
