/**
 * A service of the made-up labs: cells with a quorum of their own. quorate's corosync is one cluster per lab, so a lab of many cells needs a renderer of
 * its own for that; this one has what the planner looks at, and no daemon behind it.
 */
import { netId, serviceOf, servicePlace, type Lab, type PerHost, type Renderer } from '../../../renderers/renderer.ts'

type CellSettings = { readonly cell: string; readonly network: string; readonly hosts: readonly string[] }

type CellsService = Readonly<Record<string, { readonly network: string; readonly hosts: readonly string[] }>>

export const cellsService: Renderer<CellSettings> = {
  service: 'cells',
  version: 1,
  schema: {
    title: 'cells',
    description: 'Hosts that vote together, by cell.',
    type: 'object',
    additionalProperties: {
      type: 'object',
      description: 'One cell.',
      additionalProperties: false,
      required: ['network', 'hosts'],
      properties: {
        network: { title: 'Network', description: 'What carries its votes.', type: 'string' },
        hosts: {
          title: 'Hosts',
          description: 'Its members.',
          type: 'array',
          items: { type: 'string', description: 'A host.' },
        },
      },
    },
  },
  problems: () => [],
  settings,
  parts: (host, { cell, hosts }) => [
    {
      id: 'cells',
      layer: 8,
      reach: 'host',
      files: [
        {
          path: '/etc/cells/members.conf',
          mode: '0644',
          owner: 'root:root',
          store: 'disk',
          text: [`cell ${cell}\n${hosts.map((member) => `member ${member}\n`).join('')}`],
          from: [servicePlace('cells', cell)],
          onChange: {
            acts: [{ unit: 'cells.service', do: 'restart' }],
            interrupts: [`cells.${cell}@${host}`],
            maxSeconds: 5,
          },
        },
      ],
      onRemove: { acts: [], interrupts: [`cells.${cell}@${host}`], maxSeconds: 5 },
      needs: { packages: {}, directories: [] },
      check: [],
      probe: [],
    },
  ],
  groups: (all) => [...new Map(Object.values(all).map((own) => [own.cell, own]))].map(([, own]) => groupOf(own)),
  transition: () => ({ kind: 'rolling' }),
}

function settings(lab: Lab): PerHost<CellSettings> {
  const cells = Object.entries(serviceOf<CellsService>(lab, 'cells') ?? {})
  return Object.fromEntries(
    cells.flatMap(([cell, { network, hosts }]) => hosts.map((host) => [host, { cell, network, hosts }] as const)),
  )
}

function groupOf({ cell, network, hosts }: CellSettings) {
  return {
    id: `cells.${cell}`,
    kind: 'quorum' as const,
    minimum: Math.floor(hosts.length / 2) + 1,
    soakSeconds: 15,
    members: hosts.map((host) => ({
      id: `cells.${cell}@${host}`,
      host,
      votes: 1,
      needs: [[netId(network, host)]],
      provides: [],
      up: [],
    })),
    agree: [],
  }
}
