CREATE DATABASE IF NOT EXISTS `tallystick` ON CLUSTER `events`;

CREATE TABLE IF NOT EXISTS `tallystick`.`tallystick_schema` ON CLUSTER `events`
(
  `version` UInt32,
  `done` Bool,
  `about` String,
  `at` DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/all', '{shard}-{replica}')
ORDER BY (version, done);

INSERT INTO `tallystick`.`tallystick_schema` (version, done, about) VALUES (1, false, 'events, their journals, and cells of what is sealed');

CREATE TABLE IF NOT EXISTS `tallystick`.`events_local` ON CLUSTER `events`
(
  `place` Int64 CODEC(Delta(8), ZSTD(1)),
  `received_ms` Int64 CODEC(Delta(8), ZSTD(1)),
  `event_id` UUID CODEC(ZSTD(1)),
  `timestamp_ms` Int64 CODEC(Delta(8), ZSTD(1)),
  `kind` LowCardinality(String),
  `source_id` LowCardinality(Nullable(String)),
  `epoch` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `seq` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `agent_id` LowCardinality(Nullable(String)),
  `user_id` Nullable(String) CODEC(ZSTD(1)),
  `session_id` Nullable(String) CODEC(ZSTD(1)),
  `api_key_id` LowCardinality(Nullable(String)),
  `api_key_label` LowCardinality(Nullable(String)),
  `auth_method` LowCardinality(Nullable(String)),
  `authenticated` Nullable(Bool),
  `client_ip` Nullable(String) CODEC(ZSTD(1)),
  `user_agent` Nullable(String) CODEC(ZSTD(1)),
  `provider` LowCardinality(Nullable(String)),
  `provider_id` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `response_model` LowCardinality(Nullable(String)),
  `operation` LowCardinality(Nullable(String)),
  `endpoint` LowCardinality(Nullable(String)),
  `method` LowCardinality(Nullable(String)),
  `stream` Nullable(Bool),
  `service_tier` LowCardinality(Nullable(String)),
  `message_count` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `request_bytes` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `response_bytes` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `error_type` LowCardinality(Nullable(String)),
  `error_code` LowCardinality(Nullable(String)),
  `finish_reason` LowCardinality(Nullable(String)),
  `aborted` Nullable(Bool),
  `input_tokens` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cache_read_tokens` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cache_write_tokens` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cache_write_1h_tokens` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `output_tokens` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `reasoning_tokens` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `total_tokens` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `usage_basis` LowCardinality(Nullable(String)),
  `usage_convention` LowCardinality(Nullable(String)),
  `cost_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cost_input_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cost_cache_read_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cost_cache_write_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cost_output_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cost_units_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cache_savings_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cost_list_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cost_reported_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `cost_basis` LowCardinality(Nullable(String)),
  `price_id` LowCardinality(Nullable(String)),
  `repriced_up_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `repriced_down_nano_usd` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `repriced_price_id` LowCardinality(Nullable(String)),
  `duration_ms` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `ttfb_ms` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `upstream_duration_ms` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `backend` LowCardinality(Nullable(String)),
  `upstream_mode` LowCardinality(Nullable(String)),
  `mcp_enabled` Nullable(Bool),
  `system_prompt_applied` Nullable(Bool),
  `routing_method` LowCardinality(Nullable(String)),
  `tool_name` LowCardinality(Nullable(String)),
  `cache_tier` LowCardinality(Nullable(String)),
  `cache_hit` Nullable(Bool),
  `operation_id` Nullable(String) CODEC(ZSTD(1)),
  `attempt` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `trace_id` Nullable(String) CODEC(ZSTD(1)),
  `prompt_chars` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `response_chars` Nullable(Int64) CODEC(T64, ZSTD(1)),
  `tags` Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  `event_id_text` String CODEC(ZSTD(1)),
  `scope` LowCardinality(String),
  `rest` String CODEC(ZSTD(1)),
  `version` UInt64 DEFAULT 9000000000000000 - toUnixTimestamp64Micro(now64(6)) CODEC(Delta(8), ZSTD(1)),
  INDEX by_place place TYPE minmax GRANULARITY 1,
  INDEX by_version version TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}', version)
PARTITION BY toYYYYMM(toDateTime(intDiv(timestamp_ms, 1000), 'UTC'))
PRIMARY KEY timestamp_ms
ORDER BY (timestamp_ms, event_id, scope, event_id_text)
SETTINGS replicated_deduplication_window = 10000, min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0;

CREATE TABLE IF NOT EXISTS `tallystick`.`events` ON CLUSTER `events`
AS `tallystick`.`events_local`
ENGINE = Distributed('events', 'tallystick', 'events_local', sipHash64(event_id, scope, event_id_text));

CREATE TABLE IF NOT EXISTS `tallystick`.`journals` ON CLUSTER `events`
(
  `number` UInt32,
  `journal` String
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/all', '{shard}-{replica}')
ORDER BY number
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS `tallystick`.`applied` ON CLUSTER `events`
(
  `number` UInt32,
  `ordinal` Int64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/{table}/all', '{shard}-{replica}', ordinal)
ORDER BY number;

CREATE TABLE IF NOT EXISTS `tallystick`.`state` ON CLUSTER `events`
(
  `version` UInt64,
  `body` String CODEC(ZSTD(1)),
  `at` DateTime64(6) DEFAULT now64(6)
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/all', '{shard}-{replica}')
ORDER BY version
SETTINGS replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS `tallystick`.`erasing` ON CLUSTER `events`
(
  `user_id` String,
  `tenant_id` Nullable(String),
  `pseudonym` String
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/all', '{shard}-{replica}')
ORDER BY tuple();

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_total_15m_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `kind` LowCardinality(String),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_total_15m` ON CLUSTER `events`
AS `tallystick`.`cell_total_15m_local`
ENGINE = Distributed('events', 'tallystick', 'cell_total_15m_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_total_1h_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `kind` LowCardinality(String),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_total_1h` ON CLUSTER `events`
AS `tallystick`.`cell_total_1h_local`
ENGINE = Distributed('events', 'tallystick', 'cell_total_1h_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_total_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `kind` LowCardinality(String),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_total_1d` ON CLUSTER `events`
AS `tallystick`.`cell_total_1d_local`
ENGINE = Distributed('events', 'tallystick', 'cell_total_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_model_15m_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `kind` LowCardinality(String),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_model_15m` ON CLUSTER `events`
AS `tallystick`.`cell_model_15m_local`
ENGINE = Distributed('events', 'tallystick', 'cell_model_15m_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_model_1h_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `kind` LowCardinality(String),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_model_1h` ON CLUSTER `events`
AS `tallystick`.`cell_model_1h_local`
ENGINE = Distributed('events', 'tallystick', 'cell_model_1h_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_model_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `kind` LowCardinality(String),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_model_1d` ON CLUSTER `events`
AS `tallystick`.`cell_model_1d_local`
ENGINE = Distributed('events', 'tallystick', 'cell_model_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_credential_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `kind` LowCardinality(String),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `provider_id` LowCardinality(Nullable(String)),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_credential_1d` ON CLUSTER `events`
AS `tallystick`.`cell_credential_1d_local`
ENGINE = Distributed('events', 'tallystick', 'cell_credential_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_key_15m_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `api_key_id` LowCardinality(Nullable(String)),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_key_15m` ON CLUSTER `events`
AS `tallystick`.`cell_key_15m_local`
ENGINE = Distributed('events', 'tallystick', 'cell_key_15m_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_key_1h_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `api_key_id` LowCardinality(Nullable(String)),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_key_1h` ON CLUSTER `events`
AS `tallystick`.`cell_key_1h_local`
ENGINE = Distributed('events', 'tallystick', 'cell_key_1h_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_key_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `api_key_id` LowCardinality(Nullable(String)),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_key_1d` ON CLUSTER `events`
AS `tallystick`.`cell_key_1d_local`
ENGINE = Distributed('events', 'tallystick', 'cell_key_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_agent_15m_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `kind` LowCardinality(String),
  `agent_id` LowCardinality(Nullable(String)),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_agent_15m` ON CLUSTER `events`
AS `tallystick`.`cell_agent_15m_local`
ENGINE = Distributed('events', 'tallystick', 'cell_agent_15m_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_agent_1h_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `kind` LowCardinality(String),
  `agent_id` LowCardinality(Nullable(String)),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_agent_1h` ON CLUSTER `events`
AS `tallystick`.`cell_agent_1h_local`
ENGINE = Distributed('events', 'tallystick', 'cell_agent_1h_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_agent_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `kind` LowCardinality(String),
  `agent_id` LowCardinality(Nullable(String)),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_agent_1d` ON CLUSTER `events`
AS `tallystick`.`cell_agent_1d_local`
ENGINE = Distributed('events', 'tallystick', 'cell_agent_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_user_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `user_id` Nullable(String) CODEC(ZSTD(1)),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t
SETTINGS cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_user_1d` ON CLUSTER `events`
AS `tallystick`.`cell_user_1d_local`
ENGINE = Distributed('events', 'tallystick', 'cell_user_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_key_provider_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `api_key_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `success` Nullable(Bool),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_key_provider_1d` ON CLUSTER `events`
AS `tallystick`.`cell_key_provider_1d_local`
ENGINE = Distributed('events', 'tallystick', 'cell_key_provider_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_agent_provider_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `kind` LowCardinality(String),
  `agent_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `success` Nullable(Bool),
  `c_events` Nullable(Int64) CODEC(ZSTD(1)),
  `c_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_successful_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_failed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_aborted_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_streamed_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_operations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_invocations` Nullable(Int64) CODEC(ZSTD(1)),
  `c_unpriced_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_estimated_requests` Nullable(Int64) CODEC(ZSTD(1)),
  `c_cache_hits` Nullable(Int64) CODEC(ZSTD(1)),
  `q_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_fresh_input_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_read_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_read_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_write_1h_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_output_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_output_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_reasoning_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_reasoning_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_total_tokens_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_total_tokens_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_repriced_cost_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_input_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_read_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_cache_write_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_output_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_units_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_list_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cost_reported_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_cache_savings_nano_usd_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_duration_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_duration_ms_max` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_sum` Nullable(Int128) CODEC(ZSTD(1)),
  `q_ttfb_ms_count` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_min` Nullable(Int64) CODEC(ZSTD(1)),
  `q_ttfb_ms_max` Nullable(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`cell_agent_provider_1d` ON CLUSTER `events`
AS `tallystick`.`cell_agent_provider_1d_local`
ENGINE = Distributed('events', 'tallystick', 'cell_agent_provider_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_duration_ms_15m_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_duration_ms_15m` ON CLUSTER `events`
AS `tallystick`.`sketches_total_duration_ms_15m_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_total_duration_ms_15m_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_ttfb_ms_15m_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_ttfb_ms_15m` ON CLUSTER `events`
AS `tallystick`.`sketches_total_ttfb_ms_15m_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_total_ttfb_ms_15m_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_duration_ms_1h_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_duration_ms_1h` ON CLUSTER `events`
AS `tallystick`.`sketches_total_duration_ms_1h_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_total_duration_ms_1h_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_ttfb_ms_1h_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_ttfb_ms_1h` ON CLUSTER `events`
AS `tallystick`.`sketches_total_ttfb_ms_1h_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_total_ttfb_ms_1h_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_duration_ms_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_duration_ms_1d` ON CLUSTER `events`
AS `tallystick`.`sketches_total_duration_ms_1d_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_total_duration_ms_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_ttfb_ms_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_total_ttfb_ms_1d` ON CLUSTER `events`
AS `tallystick`.`sketches_total_ttfb_ms_1d_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_total_ttfb_ms_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_duration_ms_15m_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_duration_ms_15m` ON CLUSTER `events`
AS `tallystick`.`sketches_model_duration_ms_15m_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_model_duration_ms_15m_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_ttfb_ms_15m_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_ttfb_ms_15m` ON CLUSTER `events`
AS `tallystick`.`sketches_model_ttfb_ms_15m_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_model_ttfb_ms_15m_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_duration_ms_1h_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_duration_ms_1h` ON CLUSTER `events`
AS `tallystick`.`sketches_model_duration_ms_1h_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_model_duration_ms_1h_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_ttfb_ms_1h_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_ttfb_ms_1h` ON CLUSTER `events`
AS `tallystick`.`sketches_model_ttfb_ms_1h_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_model_ttfb_ms_1h_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_duration_ms_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_duration_ms_1d` ON CLUSTER `events`
AS `tallystick`.`sketches_model_duration_ms_1d_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_model_duration_ms_1d_local', sipHash64(t, seal));

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_ttfb_ms_1d_local` ON CLUSTER `events`
(
  `seal` UInt64 CODEC(Delta(8), ZSTD(1)),
  `t` Int64 CODEC(Delta(8), ZSTD(1)),
  `tenant_id` LowCardinality(Nullable(String)),
  `provider` LowCardinality(Nullable(String)),
  `request_model` LowCardinality(Nullable(String)),
  `status_code` Nullable(Int32) CODEC(T64, ZSTD(1)),
  `success` Nullable(Bool),
  `i` Array(Int16) CODEC(ZSTD(1)),
  `n` Array(Int64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
PARTITION BY toYYYYMM(toDateTime(intDiv(t, 1000), 'UTC'))
ORDER BY t;

CREATE TABLE IF NOT EXISTS `tallystick`.`sketches_model_ttfb_ms_1d` ON CLUSTER `events`
AS `tallystick`.`sketches_model_ttfb_ms_1d_local`
ENGINE = Distributed('events', 'tallystick', 'sketches_model_ttfb_ms_1d_local', sipHash64(t, seal));

INSERT INTO `tallystick`.`tallystick_schema` (version, done, about) VALUES (1, true, 'events, their journals, and cells of what is sealed');
