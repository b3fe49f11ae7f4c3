/**
 * THE table of configuration keys. The unit is in the name; `docs/config.md` holds one row a key and a test compares them.
 * Each key can be given as a flag, an environment variable or a member of the configuration file, in that order.
 */
export interface KeySpec {
  /** Path in the configuration file, e.g. `http.port`. */
  readonly key: string
  readonly env: string
  /** Long flag without dashes, where there is one. */
  readonly flag?: string
  readonly type: KeyType
  readonly default: ConfigValue
  readonly about: string
}

export type KeyType =
  | { readonly of: 'text' }
  | { readonly of: 'url' }
  | { readonly of: 'integer'; readonly min: number; readonly max: number; readonly optional?: true }
  | { readonly of: 'choice'; readonly values: readonly string[] }
  | { readonly of: 'list' }
  /** `1`, `true`, `yes`, `on` or their opposites. */
  | { readonly of: 'flag' }
  /** A text that is never shown; none unless given. */
  | { readonly of: 'secret' }

export type ConfigValue = string | number | boolean | null | readonly string[]

const MIB = 1024 * 1024
const DAY_SECONDS = 86_400

export const CONFIG_KEYS: readonly KeySpec[] = [
  {
    key: 'http.host',
    env: 'TALLYSTICK_HOST',
    flag: 'host',
    type: { of: 'text' },
    default: '127.0.0.1',
    about: 'Address to listen on. Bound to anything but loopback, the server asks for keys.',
  },
  {
    key: 'http.port',
    env: 'TALLYSTICK_PORT',
    flag: 'port',
    type: { of: 'integer', min: 0, max: 65_535 },
    default: 8088,
    about: 'Port to listen on; 0 takes a free one.',
  },
  {
    key: 'http.allowed_hosts',
    env: 'TALLYSTICK_ALLOWED_HOSTS',
    type: { of: 'list' },
    default: [],
    about: 'Host names, beside loopback, that a request may name. Others get 421, which stops DNS rebinding.',
  },
  {
    key: 'http.allowed_origins',
    env: 'TALLYSTICK_ALLOWED_ORIGINS',
    type: { of: 'list' },
    default: [],
    about: 'Web origins, beside our own, that may send requests.',
  },
  {
    key: 'http.client_address',
    env: 'TALLYSTICK_CLIENT_ADDRESS',
    type: { of: 'choice', values: ['off', 'truncated', 'full'] },
    default: 'off',
    about:
      'What events keep of the address they come from, `client_ip` that clients send included: nothing, its /24 or /48, all.',
  },
  {
    key: 'http.trusted_proxies',
    env: 'TALLYSTICK_TRUSTED_PROXIES',
    type: { of: 'list' },
    default: [],
    about: 'Addresses and networks of proxies whose Forwarded and X-Forwarded-For headers are believed.',
  },
  {
    key: 'http.max_streams',
    env: 'TALLYSTICK_MAX_STREAMS',
    type: { of: 'integer', min: 1, max: 10_000 },
    default: 200,
    about: 'Live streams open at once; one more gets 429.',
  },
  {
    key: 'http.max_streams_per_key',
    env: 'TALLYSTICK_MAX_STREAMS_PER_KEY',
    type: { of: 'integer', min: 1, max: 10_000 },
    default: 10,
    about: 'Of those, how many may be open with one key, or of one agent or user.',
  },
  {
    key: 'http.max_websockets',
    env: 'TALLYSTICK_MAX_WEBSOCKETS',
    type: { of: 'integer', min: 1, max: 100_000 },
    default: 1_000,
    about:
      'WebSockets open at once, half of which may be of clients that have yet to say who they are; one more gets 429.',
  },
  {
    key: 'http.max_websockets_per_key',
    env: 'TALLYSTICK_MAX_WEBSOCKETS_PER_KEY',
    type: { of: 'integer', min: 1, max: 100_000 },
    default: 100,
    about: 'Of those, how many may be open with one key, or of one agent or user.',
  },
  {
    key: 'data_dir',
    env: 'TALLYSTICK_DATA_DIR',
    flag: 'data',
    type: { of: 'text' },
    default: './data',
    about: 'Folder of the journal, its index and the embedded store. One server at a time.',
  },
  {
    key: 'store',
    env: 'TALLYSTICK_STORE',
    flag: 'store',
    type: { of: 'url' },
    default: 'duckdb:',
    about:
      'Where events are queried: `duckdb:PATH` (empty path: tallystick.duckdb in data_dir), `jsonl:PATH?rotate_mb=N` (empty path: analytics.jsonl in data_dir), `redis://USER:PASSWORD@HOST:6379` (or `rediss:`, `redis+cluster:`), `clickhouse://USER:PASSWORD@HOST:8123/DATABASE` (or `clickhouses:`) or `memory:?max_events=N`. See docs/stores.md.',
  },
  {
    key: 'retention.events_seconds',
    env: 'TALLYSTICK_TTL_SECONDS',
    type: { of: 'integer', min: 900, max: 100 * 366 * DAY_SECONDS, optional: true },
    default: null,
    about: 'Single events older than this are dropped; their totals stay. Unset: kept for ever.',
  },
  {
    key: 'retention.cells_seconds',
    env: 'TALLYSTICK_CELLS_TTL_SECONDS',
    type: { of: 'integer', min: 900, max: 100 * 366 * DAY_SECONDS, optional: true },
    default: null,
    about: 'Totals older than this are dropped. Unset: kept for ever.',
  },
  {
    key: 'retention.kinds',
    env: 'TALLYSTICK_KINDS_TTL_SECONDS',
    type: { of: 'list' },
    default: [],
    about:
      'Single events of a kind are dropped at an age of their own, in seconds from 900 on, e.g. `tool_invocation=604800`; their totals stay.',
  },
  {
    key: 'control.url',
    env: 'TALLYSTICK_CONTROL_URL',
    type: { of: 'url' },
    default: '',
    about:
      'The server that owns keys, budgets and alerts, where that is another one on the same store. See docs/cluster.md.',
  },
  {
    key: 'control.key',
    env: 'TALLYSTICK_CONTROL_KEY',
    type: { of: 'secret' },
    default: null,
    about: 'A key of that server with the scope `admin` and of no tenant.',
  },
  {
    key: 'control.stale_seconds',
    env: 'TALLYSTICK_CONTROL_STALE_SECONDS',
    type: { of: 'integer', min: 60, max: 7 * DAY_SECONDS },
    default: 900,
    about: 'While the owner is away, keys go on working for so long; as late may a revoked one be refused here.',
  },
  {
    key: 'control.budgets_when_away',
    env: 'TALLYSTICK_CONTROL_BUDGETS_WHEN_AWAY',
    type: { of: 'choice', values: ['refuse', 'pass'] },
    default: 'refuse',
    about: 'What the capture proxy does meanwhile with requests that count in a hard budget.',
  },
  {
    key: 'journal.keep_seconds',
    env: 'TALLYSTICK_JOURNAL_KEEP_SECONDS',
    type: { of: 'integer', min: 3_600, max: 100 * 366 * DAY_SECONDS },
    default: 35 * DAY_SECONDS,
    about: 'Sealed journal segments older than this are dropped once every consumer has passed them.',
  },
  {
    key: 'journal.segment_bytes',
    env: 'TALLYSTICK_JOURNAL_SEGMENT_BYTES',
    type: { of: 'integer', min: 64 * 1024, max: 1024 * MIB },
    default: 64 * MIB,
    about: 'Size at which a journal segment is sealed and compressed.',
  },
  {
    key: 'journal.commit_delay_ms',
    env: 'TALLYSTICK_JOURNAL_COMMIT_DELAY_MS',
    type: { of: 'integer', min: 0, max: 1_000 },
    default: 2,
    about: 'How long a group commit waits for company before it is written and synced.',
  },
  {
    key: 'ingest.ack',
    env: 'TALLYSTICK_INGEST_ACK',
    type: { of: 'choice', values: ['durable', 'received', 'applied'] },
    default: 'durable',
    about: 'When a batch is answered: synced to disk, held in memory, or visible to queries.',
  },
  {
    key: 'ingest.max_body_bytes',
    env: 'TALLYSTICK_MAX_BODY_BYTES',
    type: { of: 'integer', min: 1024, max: 1024 * MIB },
    default: 10 * MIB,
    about: 'Largest body as sent; more gets 413.',
  },
  {
    key: 'ingest.max_inflated_bytes',
    env: 'TALLYSTICK_MAX_INFLATED_BYTES',
    type: { of: 'integer', min: 1024, max: 1024 * MIB },
    default: 20 * MIB,
    about: 'Largest body after decompression; more gets 413.',
  },
  {
    key: 'ingest.max_batch_events',
    env: 'TALLYSTICK_MAX_BATCH_EVENTS',
    type: { of: 'integer', min: 1, max: 1_000_000 },
    default: 10_000,
    about: 'Most events in one body; more gets 413.',
  },
  {
    key: 'ingest.dedup_memory_bytes',
    env: 'TALLYSTICK_DEDUP_MEMORY_BYTES',
    type: { of: 'integer', min: MIB, max: 16 * 1024 * MIB },
    default: 64 * MIB,
    about: 'Memory for recent event ids; older ones are looked up on disk.',
  },
  {
    key: 'prices.files',
    env: 'TALLYSTICK_PRICES',
    flag: 'prices',
    type: { of: 'list' },
    default: [],
    about: 'Price files that override the built-in catalogue; later files win.',
  },
  {
    key: 'auth.first_key',
    env: 'TALLYSTICK_FIRST_KEY',
    type: { of: 'flag' },
    default: true,
    about:
      'Bound to anything but loopback and without keys, make one and print it once. Off (also --no-first-key): refuse to start.',
  },
  {
    key: 'auth.session_idle_seconds',
    env: 'TALLYSTICK_SESSION_IDLE_SECONDS',
    type: { of: 'integer', min: 60, max: 366 * DAY_SECONDS },
    default: DAY_SECONDS / 2,
    about: "A browser's session without a request ends after this.",
  },
  {
    key: 'auth.session_max_seconds',
    env: 'TALLYSTICK_SESSION_MAX_SECONDS',
    type: { of: 'integer', min: 60, max: 366 * DAY_SECONDS },
    default: 7 * DAY_SECONDS,
    about: "A browser's session ends after this, however much it is used.",
  },
  {
    key: 'auth.proxy_header',
    env: 'TALLYSTICK_PROXY_HEADER',
    type: { of: 'text' },
    default: '',
    about:
      'Header in which a proxy of `http.trusted_proxies` names the person, e.g. `X-Forwarded-User`. See docs/login.md.',
  },
  {
    key: 'auth.proxy_groups_header',
    env: 'TALLYSTICK_PROXY_GROUPS_HEADER',
    type: { of: 'text' },
    default: '',
    about: "Header in which that proxy lists the person's groups, with commas, e.g. `X-Forwarded-Groups`.",
  },
  {
    key: 'auth.proxy_groups',
    env: 'TALLYSTICK_PROXY_GROUPS',
    type: { of: 'list' },
    default: [],
    about: 'What members of a group may do, as `group=scope`. Empty: whoever the proxy names may read.',
  },
  {
    key: 'auth.oidc.issuer',
    env: 'TALLYSTICK_OIDC_ISSUER',
    type: { of: 'url' },
    default: '',
    about: 'OpenID Connect issuer that people may log in with, as it spells itself. See docs/login.md.',
  },
  {
    key: 'auth.oidc.client_id',
    env: 'TALLYSTICK_OIDC_CLIENT_ID',
    type: { of: 'text' },
    default: '',
    about: 'What the issuer knows this server by.',
  },
  {
    key: 'auth.oidc.client_secret',
    env: 'TALLYSTICK_OIDC_CLIENT_SECRET',
    type: { of: 'secret' },
    default: null,
    about: 'Proves to the issuer that it is this server. Unset: a public client, by PKCE alone.',
  },
  {
    key: 'auth.oidc.redirect_url',
    env: 'TALLYSTICK_OIDC_REDIRECT_URL',
    type: { of: 'url' },
    default: '',
    about: 'Where the issuer sends the browser back to. Unset: /auth/oidc/callback of the host that was asked.',
  },
  {
    key: 'auth.oidc.scopes',
    env: 'TALLYSTICK_OIDC_SCOPES',
    type: { of: 'list' },
    default: ['openid', 'email', 'profile'],
    about: 'What the issuer is asked for.',
  },
  {
    key: 'auth.oidc.allowed_domains',
    env: 'TALLYSTICK_OIDC_ALLOWED_DOMAINS',
    type: { of: 'list' },
    default: [],
    about:
      'Domains of verified mail addresses that may come in; `*` is whomever the issuer lets in. Needed beside an issuer.',
  },
  {
    key: 'auth.oidc.admin_claim',
    env: 'TALLYSTICK_OIDC_ADMIN_CLAIM',
    type: { of: 'text' },
    default: '',
    about: 'Who is an administrator, as `claim=value`, e.g. `groups=tallystick-admins`. Unset: people may read only.',
  },
  {
    key: 'auth.oidc.tenant_claim',
    env: 'TALLYSTICK_OIDC_TENANT_CLAIM',
    type: { of: 'text' },
    default: '',
    about:
      'The claim that names the one tenant that a person sees; who has none is let in only as an administrator, of all of them. Unset: people see every tenant.',
  },
  {
    key: 'protocol012.jwt_secret',
    env: 'TALLYSTICK_JWT_SECRET',
    type: { of: 'secret' },
    default: null,
    about:
      'Verifies the tokens of agents and users of Protocol 012 (HS256). Unset: while there are no keys, any IC token is taken and events say authenticated: false.',
  },
  {
    key: 'compat.rate_limits',
    env: 'TALLYSTICK_RATE_LIMITS',
    type: { of: 'choice', values: ['off', 'on'] },
    default: 'off',
    about: 'Hold clients of Protocol 012 to its documented 1,000 events a minute and token, and 20 queries a minute.',
  },
  {
    key: 'duckdb.memory_mb',
    env: 'TALLYSTICK_DUCKDB_MEMORY_MB',
    type: { of: 'integer', min: 64, max: 1_048_576 },
    default: 192,
    about: 'Memory limit of the embedded store, in MiB.',
  },
  {
    key: 'duckdb.threads',
    env: 'TALLYSTICK_DUCKDB_THREADS',
    type: { of: 'integer', min: 1, max: 256 },
    default: 1,
    about:
      'Threads of the embedded store that share one question or one sealing. Several of either run at the same time with one.',
  },
  {
    key: 'routiium.admin_token',
    env: 'ROUTIIUM_ADMIN_TOKEN',
    type: { of: 'secret' },
    default: null,
    about:
      'Bearer token that the routes under /analytics ask for, where no key is shown. Unset: they ask for what all routes ask for.',
  },
  {
    key: 'routiium.insecure_admin',
    env: 'ROUTIIUM_INSECURE_ADMIN',
    type: { of: 'flag' },
    default: false,
    about: 'Without an admin token, open the routes under /analytics to whoever can reach the server, keys or not.',
  },
  {
    key: 'duckdb.checkpoint_mb',
    env: 'TALLYSTICK_DUCKDB_CHECKPOINT_MB',
    type: { of: 'integer', min: 1, max: 65_536 },
    default: 64,
    about: "Size of the embedded store's log at which it is written into the file, in MiB.",
  },
  {
    key: 'alerts.allowed_hosts',
    env: 'TALLYSTICK_ALERTS_ALLOWED_HOSTS',
    type: { of: 'list' },
    default: [],
    about:
      'Hosts that alert webhooks may go to: names, `*.example.com`, addresses; `*` is everything public. Unset: everything public. Private networks only by an entry of their own.',
  },
  {
    key: 'alerts.smtp_url',
    env: 'TALLYSTICK_ALERTS_SMTP_URL',
    type: { of: 'secret' },
    default: null,
    about:
      'Mail server for alerts, `smtp://user:password@host:port` or `smtps://`. Unset: no mail. Needs the package nodemailer.',
  },
  {
    key: 'alerts.mail_from',
    env: 'TALLYSTICK_ALERTS_MAIL_FROM',
    type: { of: 'text' },
    default: 'tallystick@localhost',
    about: 'Sender of the mails of alerts.',
  },
  {
    key: 'reports.dir',
    env: 'TALLYSTICK_REPORTS_DIR',
    type: { of: 'text' },
    default: '',
    about:
      'Directory that scheduled reports may be written to, made when it is needed. Unset: to no file. See docs/reports.md.',
  },
  {
    key: 'reports.chromium',
    env: 'TALLYSTICK_CHROMIUM',
    type: { of: 'text' },
    default: '',
    about: 'Program of the Chromium family that makes PDFs of reports. Unset: the first of the usual names in PATH.',
  },
  {
    key: 'metrics.listen',
    env: 'TALLYSTICK_METRICS_LISTEN',
    type: { of: 'text' },
    default: '',
    about:
      'A further address, `HOST:PORT` or a port of this machine, that answers `/metrics` alone, without a key, with figures of no tenant and of the operation. Unset: none. See docs/metrics.md.',
  },
  {
    key: 'metrics.names',
    env: 'TALLYSTICK_METRICS_NAMES',
    type: { of: 'choice', values: ['seed', 'standard', 'both'] },
    default: 'seed',
    about: 'Names of the LLM figures: `llm_edge_*` as llm-edge-monitoring has them, the usual `llm_*`, or both.',
  },
  {
    key: 'metrics.routiium',
    env: 'TALLYSTICK_METRICS_ROUTIIUM',
    type: { of: 'flag' },
    default: false,
    about: "Also show the three `routiium_*` totals of Routiium's documentation.",
  },
  {
    key: 'metrics.max_series',
    env: 'TALLYSTICK_METRICS_MAX_SERIES',
    type: { of: 'integer', min: 1_000, max: 1_000_000 },
    default: 2_000,
    about:
      'Series that one scrape may hold; what does not fit is added to series whose model, provider or such is other.',
  },
  {
    key: 'health.recent_seconds',
    env: 'TALLYSTICK_HEALTH_RECENT_SECONDS',
    type: { of: 'integer', min: 10, max: 86400 },
    default: 120,
    about:
      'The latest time by which a provider is judged, where it had enough requests. At most `health.window_seconds`. See docs/health.md.',
  },
  {
    key: 'health.window_seconds',
    env: 'TALLYSTICK_HEALTH_WINDOW_SECONDS',
    type: { of: 'integer', min: 30, max: 86400 },
    default: 300,
    about:
      'What a provider is judged by where the latest time had too few requests. Requests that ended longer ago say nothing of now.',
  },
  {
    key: 'health.min_requests',
    env: 'TALLYSTICK_HEALTH_MIN_REQUESTS',
    type: { of: 'integer', min: 1, max: 1000000 },
    default: 5,
    about: 'With fewer requests nothing is concluded of a provider.',
  },
  {
    key: 'health.min_failures',
    env: 'TALLYSTICK_HEALTH_MIN_FAILURES',
    type: { of: 'integer', min: 1, max: 1000000 },
    default: 3,
    about: 'Fewer failures than this prove nothing against a provider, whatever share they are.',
  },
  {
    key: 'health.degraded_percent',
    env: 'TALLYSTICK_HEALTH_DEGRADED_PERCENT',
    type: { of: 'integer', min: 1, max: 100 },
    default: 10,
    about: 'Failures and refusals for load, of all requests that tell of a provider, from which on it is degraded.',
  },
  {
    key: 'health.down_percent',
    env: 'TALLYSTICK_HEALTH_DOWN_PERCENT',
    type: { of: 'integer', min: 1, max: 100 },
    default: 50,
    about: 'Failures, of all requests that tell of a provider, from which on it is down.',
  },
  {
    key: 'health.dwell_seconds',
    env: 'TALLYSTICK_HEALTH_DWELL_SECONDS',
    type: { of: 'integer', min: 1, max: 86400 },
    default: 60,
    about: "A change of a provider's state is not taken back sooner.",
  },
  {
    key: 'health.silence_seconds',
    env: 'TALLYSTICK_HEALTH_SILENCE_SECONDS',
    type: { of: 'integer', min: 30, max: 604800 },
    default: 900,
    about: "Without requests for this long a provider's state is unknown. At least `health.window_seconds`.",
  },
  {
    key: 'proxy.enabled',
    env: 'TALLYSTICK_PROXY',
    type: { of: 'flag' },
    default: true,
    about: 'Serve the capture proxy under /proxy. See docs/proxy.md.',
  },
  {
    key: 'proxy.upstreams',
    env: 'TALLYSTICK_PROXY_UPSTREAMS',
    type: { of: 'list' },
    default: [],
    about:
      'Upstreams beside the well-known ones, or in their place: `name=URL`, then optionally `provider=NAME`, and `private` where it lies in a private network.',
  },
  {
    key: 'proxy.upstream_keys',
    env: 'TALLYSTICK_PROXY_UPSTREAM_KEYS',
    type: { of: 'secret' },
    default: null,
    about:
      "Provider keys that the proxy adds by itself, as `name=KEY` with commas. Each goes to its own upstream only. Unset: clients' own keys pass through.",
  },
  {
    key: 'proxy.key_hash_secret',
    env: 'TALLYSTICK_PROXY_KEY_HASH_SECRET',
    type: { of: 'secret' },
    default: null,
    about:
      'Secret under which provider keys are hashed to `api_key_id`; the same on several servers gives the same ids. Unset: made once and kept in data_dir.',
  },
  {
    key: 'proxy.include_usage',
    env: 'TALLYSTICK_PROXY_INCLUDE_USAGE',
    type: { of: 'flag' },
    default: false,
    about:
      'Ask chat streams of OpenAI and compatible servers for their usage, and keep the extra chunk from clients that did not ask.',
  },
  {
    key: 'proxy.enforce_budgets',
    env: 'TALLYSTICK_PROXY_ENFORCE_BUDGETS',
    type: { of: 'flag' },
    default: false,
    about: 'Take room in budgets before a request goes out, and refuse it with 402 or 429 where there is none.',
  },
  {
    key: 'proxy.idle_seconds',
    env: 'TALLYSTICK_PROXY_IDLE_SECONDS',
    type: { of: 'integer', min: 1, max: 86_400 },
    default: 600,
    about: 'How long an upstream may be silent before the request is given up.',
  },
  {
    key: 'traces.url_template',
    env: 'TALLYSTICK_TRACE_URL',
    type: { of: 'text' },
    default: '',
    about:
      'Address of a trace, e.g. `https://jaeger.example/trace/{trace_id}` (also `{span_id}`), that the page links to. Unset: no links.',
  },
  {
    key: 'otlp.push.endpoint',
    env: 'TALLYSTICK_OTLP_PUSH_ENDPOINT',
    type: { of: 'url' },
    default: '',
    about:
      'OpenTelemetry collector that figures are pushed to by OTLP/HTTP, e.g. `http://collector:4318`. Unset: to nobody. See docs/opentelemetry.md.',
  },
  {
    key: 'otlp.push.headers',
    env: 'TALLYSTICK_OTLP_PUSH_HEADERS',
    type: { of: 'secret' },
    default: null,
    about: 'Headers of pushes, `name=value` with commas between, values percent-encoded. Unset: none.',
  },
  {
    key: 'otlp.push.interval_seconds',
    env: 'TALLYSTICK_OTLP_PUSH_INTERVAL_SECONDS',
    type: { of: 'integer', min: 1, max: 3_600 },
    default: 60,
    about: 'Time between pushes.',
  },
  {
    key: 'otlp.push.timeout_seconds',
    env: 'TALLYSTICK_OTLP_PUSH_TIMEOUT_SECONDS',
    type: { of: 'integer', min: 1, max: 300 },
    default: 10,
    about: 'How long a push may take, the answer included.',
  },
  {
    key: 'otlp.push.temporality',
    env: 'TALLYSTICK_OTLP_PUSH_TEMPORALITY',
    type: { of: 'choice', values: ['cumulative', 'delta'] },
    default: 'cumulative',
    about: 'Whether a push tells all since the start, as Prometheus wants it, or what has come since the last one.',
  },
  {
    key: 'otlp.push.compression',
    env: 'TALLYSTICK_OTLP_PUSH_COMPRESSION',
    type: { of: 'choice', values: ['gzip', 'none'] },
    default: 'gzip',
    about: 'How the bodies of pushes are compressed.',
  },
  {
    key: 'otlp.push.semconv',
    env: 'OTEL_SEMCONV_STABILITY_OPT_IN',
    type: { of: 'list' },
    default: [],
    about:
      "OpenTelemetry's own variable: with `gen_ai_latest_experimental` in it pushes have the newest names of the GenAI conventions, else those of v1.41.",
  },
  {
    key: 'log.level',
    env: 'TALLYSTICK_LOG_LEVEL',
    flag: 'log-level',
    type: { of: 'choice', values: ['silent', 'error', 'warn', 'info', 'debug'] },
    default: 'info',
    about: 'What is written to standard error, one JSON object a line.',
  },
]
