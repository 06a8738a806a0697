/** Steps in between a deployer and the hosts, message by message. */
import type { Connect, Remote } from '../../scripts/lib/deployment/remote.ts'

/** What a deployer sends to a host: a call of the host side, or an upload. */
export interface Message {
  readonly host: string
  /** "open", "lease take", "put" for an upload. */
  readonly verb: string
  /** The verb and all its words, as the host side reads them. */
  readonly call: string
  /** How many of this verb went to this host until now, this one included. */
  readonly nth: number
}

/** `send` carries the message out. What this returns or throws is what the deployer gets. */
export type Between = <T>(message: Message, send: () => Promise<T>, remote: Remote) => Promise<T>

/** The connections of one deployer, with somebody in between. */
export function between(connect: Connect, act: Between): Connect {
  const sent = new Map<string, number>()
  const message = (host: string, call: string): Message => {
    const [first = '', second = ''] = call.split(' ')
    const verb = first === 'lease' ? `lease ${second}` : first
    const nth = (sent.get(`${host} ${verb}`) ?? 0) + 1
    sent.set(`${host} ${verb}`, nth)
    return { host, verb, call, nth }
  }
  return async (host, way) => {
    const remote = await connect(host, way)
    return {
      ...remote,
      exec: (command, input, ms) => act(message(host, callIn(input)), () => remote.exec(command, input, ms), remote),
      put: (files, ms) => act(message(host, 'put'), () => remote.put(files, ms), remote),
    }
  }
}

/** For a test that cannot go on: it never does. */
export const never = new Promise<never>(() => {})

/** The first line of the call that follows the host side's script. */
function callIn(input: string): string {
  const call = input.slice(input.lastIndexOf("\nmain '") + "\nmain '".length)
  return call.slice(0, call.indexOf('\n'))
}
