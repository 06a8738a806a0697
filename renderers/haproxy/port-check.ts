import type { Probe } from '../renderer.ts'
import { socketText, type HaproxySettings } from './settings.ts'

/**
 * Nobody else listens where the configuration wants to: `haproxy -c` does not try. A reload would fail, the old worker go on, and for 2.2 s nobody
 * could connect to any frontend, while the new one waited for the port (measured with 2.6.12; test/renderers/haproxy-daemon.test.ts).
 */
export function portsAreFree({ frontends, metrics }: HaproxySettings): Probe {
  const sockets = [...frontends.flatMap((one) => one.sockets), ...metrics]
  const places = sockets.flatMap((socket) => [
    socketText(socket),
    `*:${socket.port}`,
    socketText({ ip: socket.ip.includes(':') ? '::' : '0.0.0.0', port: socket.port }),
  ])
  const any = [...new Set(places)].toSorted().map((place) => place.replaceAll(/[.*[\]]/g, String.raw`\$&`))
  const held = String.raw`^LISTEN\s+\d+\s+\d+\s+(?:${any.join('|')})\s+\S+(?!\S)`
  return {
    title: 'nobody but haproxy listens where haproxy.cfg does',
    run: ['ss', '-Hltnp'],
    exit: [0],
    // From the first line on: no line of anybody else.
    stdout: String.raw`(?<![\s\S])(?![\s\S]*${held}(?!\s+users:\(\("haproxy"))`,
    withinSeconds: 0,
  }
}
