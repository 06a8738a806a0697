import type { Probe } from './renderer.ts'

/** The address is on the interface of the host that is asked. */
export function addressThere(ip: string, interfaceName: string, withinSeconds: number): Probe {
  return {
    title: `${ip} is on ${interfaceName}`,
    run: ['ip', '-o', 'addr', 'show', 'dev', interfaceName],
    exit: [0],
    stdout: String.raw`\sinet6? ${ip.replaceAll('.', String.raw`\.`)}/`,
    withinSeconds,
  }
}
