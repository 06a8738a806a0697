/** What lab/services/haproxy.yaml holds. */
export type HaproxyService = {
  readonly hosts: readonly string[]
  readonly frontends: Readonly<Record<string, Frontend>>
  readonly backends: Readonly<Record<string, Backend>>
  readonly metrics?: { readonly network: string; readonly port?: number }
  readonly timeouts?: Partial<Timeouts>
}

export type Mode = 'http' | 'tcp'

export type Frontend = {
  readonly listen: readonly Listen[]
  readonly mode?: Mode
  readonly redirect?: 'https'
  readonly backend?: string
  readonly routes?: Readonly<Record<string, string>>
}

export type Listen = {
  readonly network: string
  readonly address?: string
  readonly port: number
  readonly certificate?: string
}

export type Backend = {
  readonly mode?: Mode
  readonly network: string
  readonly port: number
  readonly balance?: 'roundrobin' | 'leastconn' | 'source'
  readonly check?: { readonly path: string; readonly status?: number; readonly host?: string }
  readonly needed?: boolean
  readonly servers: Readonly<Record<string, Server>>
}

export type Server = {
  readonly address?: string
  readonly port?: number
  readonly weight?: number
  readonly backup?: boolean
}

/** With their units. */
export type Timeouts = Readonly<Record<'connect' | 'client' | 'server' | 'request' | 'tunnel' | 'reload', string>>

export const metricsPort = 8404
