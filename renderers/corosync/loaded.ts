import type { Probe } from '../renderer.ts'
import type { Cluster } from './settings.ts'

/**
 * Whether a running corosync has exactly these nodes, with their ids, votes and addresses, and this quorum device or none. What corosync-cmapctl
 * 3.1.7 prints: "nodelist.node.0.name (str) = pve1", one key a line.
 */
export function loaded({ nodes, numbers, device }: Cluster): Probe {
  const has = (line: string) => `(?=[^]*^${line}$)`
  const rows = nodes.flatMap(({ name, id, votes, addresses }, index) => {
    const at = String.raw`nodelist\.node\.\k<n${index}>`
    return [
      has(String.raw`nodelist\.node\.(?<n${index}>\d+)\.name \(str\) = ${escaped(name)}`),
      has(String.raw`${at}\.nodeid \(u32\) = ${id}`),
      has(String.raw`${at}\.quorum_votes \(u32\) = ${votes}`),
      ...addresses.map((address, link) =>
        has(String.raw`${at}\.ring${numbers[link]}_addr \(str\) = ${escaped(address)}`),
      ),
    ]
  })
  const names = nodes.map(({ name }) => `${escaped(name)}$`).join('|')
  const stranger = String.raw`(?![^]*^nodelist\.node\.\d+\.name \(str\) = (?!${names}))`
  const voter =
    device === null
      ? String.raw`(?![^]*^quorum\.device\.model )`
      : [
          has(String.raw`quorum\.device\.net\.host \(str\) = ${escaped(device.address)}`),
          has(String.raw`quorum\.device\.net\.algorithm \(str\) = ${device.algorithm}`),
          has(String.raw`quorum\.device\.votes \(u32\) = ${device.votes}`),
        ].join('')
  return {
    title: 'corosync has the nodes and the quorum device of the definition',
    run: ['corosync-cmapctl', 'nodelist.', 'quorum.'],
    exit: [0],
    // From the very beginning of what is printed.
    stdout: `(?<![^])${rows.join('')}${stranger}${voter}`,
    withinSeconds: 0,
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_:-]/g, String.raw`\$&`)
}
