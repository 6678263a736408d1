-- SPDX-License-Identifier: Apache-2.0
-- Tables as users of Flink's Kinesis connector declare them. Each statement parses here, and SHOW CREATE TABLE gives it back; those before the mark use the old option names and pass Flink's own planner too (tests/flink).

CREATE TABLE turnstiles (gate_id STRING, direction STRING, passengers INT, passed_at TIMESTAMP(3)) WITH (
  'connector' = 'kinesis', 'stream' = 'turnstiles', 'aws.region' = 'eu-west-1',
  'scan.stream.initpos' = 'TRIM_HORIZON', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');

CREATE TABLE turnstiles_meta (
  gate_id STRING, passengers INT,
  arrived TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL,
  shard VARCHAR(128) NOT NULL METADATA FROM 'shard-id' VIRTUAL,
  seq VARCHAR(128) NOT NULL METADATA FROM 'sequence-number' VIRTUAL,
  crowd AS passengers > 20,
  WATERMARK FOR arrived AS arrived - INTERVAL '5' SECOND
) WITH ('connector' = 'kinesis', 'stream' = 'turnstiles', 'aws.region' = 'eu-west-1', 'format' = 'json');

CREATE TABLE turnstiles_lazy (gate_id STRING, passengers INT) WITH (
  'connector' = 'kinesis', 'stream' = 'turnstiles', 'aws.region' = 'eu-west-1', 'format' = 'json',
  'scan.stream.recordpublisher' = 'EFO', 'scan.stream.efo.consumername' = 'gate-report');

CREATE TABLE turnstiles_given (gate_id STRING, passengers INT) WITH (
  'connector' = 'kinesis', 'stream' = 'turnstiles', 'aws.region' = 'eu-west-1', 'format' = 'json',
  'scan.stream.recordpublisher' = 'EFO', 'scan.stream.efo.registration' = 'NONE',
  'scan.stream.efo.consumerarn.turnstiles' = 'arn:aws:kinesis:eu-west-1:111122223333:stream/turnstiles/consumer/gate-report:1785542400');

CREATE TABLE gate_hours (gate_id STRING, hour_no INT, passengers INT) PARTITIONED BY (gate_id, hour_no) WITH (
  'connector' = 'kinesis', 'stream' = 'gate-hours', 'aws.region' = 'eu-west-1', 'format' = 'csv', 'sink.partitioner-field-delimiter' = ';');

CREATE TABLE gates_fixed (gate_id STRING, passengers INT) WITH (
  'connector' = 'kinesis', 'stream' = 'gates-out', 'aws.region' = 'eu-west-1', 'format' = 'json', 'sink.partitioner' = 'fixed');

CREATE TABLE gates_plugin (gate_id STRING, passengers INT) WITH (
  'connector' = 'kinesis', 'stream' = 'gates-out', 'aws.region' = 'eu-west-1', 'format' = 'json', 'sink.partitioner' = 'org.example.GatePartitioner');

CREATE TABLE turnstiles_role (gate_id STRING, passengers INT) WITH (
  'connector' = 'kinesis', 'stream' = 'turnstiles', 'aws.region' = 'eu-west-1', 'format' = 'json',
  'aws.credentials.provider' = 'ASSUME_ROLE', 'aws.credentials.role.arn' = 'arn:aws:iam::444455556666:role/stream-reader',
  'aws.credentials.role.sessionName' = 'gates', 'aws.credentials.role.externalId' = 'gates-42', 'aws.credentials.role.provider' = 'ENV_VAR');

CREATE TABLE gates_old (gate_id STRING, passengers INT) WITH (
  'connector' = 'kinesis', 'stream' = 'gates-out', 'aws.region' = 'eu-west-1', 'format' = 'json',
  'sink.producer.record-max-buffered-time' = '1000', 'sink.producer.aggregation-enabled' = 'true');

CREATE TABLE every_type (
  a CHAR(3), b VARCHAR(10) NOT NULL, c STRING, d BOOLEAN, e BINARY(4), f VARBINARY(8), g BYTES, h DECIMAL(10, 2), i TINYINT, j SMALLINT, k INT, l BIGINT, m FLOAT, n DOUBLE,
  o DATE, p TIME(0), q TIMESTAMP(3), r TIMESTAMP_LTZ(3), s TIMESTAMP(6) WITH LOCAL TIME ZONE, t ARRAY<INT NOT NULL>, u MAP<STRING, ARRAY<DOUBLE>>, v ROW<x INT, `y z` STRING NOT NULL> NOT NULL,
  w MULTISET<STRING>, x INT ARRAY, y ROW(n BIGINT, m MAP<STRING, STRING>)
) WITH ('connector' = 'kinesis', 'stream' = 'every', 'aws.region' = 'eu-west-1', 'format' = 'json');

CREATE TABLE IF NOT EXISTS `odd ``name` ( -- a comment; with a semicolon inside
  `from` STRING COMMENT 'where it''s from', /* and another; one */
  `to` STRING,
  price DECIMAL,
  total AS price * 2 + CHAR_LENGTH(`from`) COMMENT 'computed, with (brackets)',
  CONSTRAINT pk PRIMARY KEY (`from`, `to`) NOT ENFORCED
) COMMENT 'a table' PARTITIONED BY (`from`)
WITH ('connector' = 'kinesis', 'stream' = 'odd', 'aws.region' = 'eu-west-1', 'format' = 'csv', 'csv.field-delimiter' = U&'\0009');

-- MARK: names that a 4.x planner does not know, and a consumer that it would register while it plans.

CREATE TABLE turnstiles_eager (gate_id STRING, passengers INT) WITH (
  'connector' = 'kinesis', 'stream' = 'turnstiles', 'aws.region' = 'eu-west-1', 'format' = 'json',
  'scan.stream.recordpublisher' = 'EFO', 'scan.stream.efo.consumername' = 'gate-report-2', 'scan.stream.efo.registration' = 'EAGER');

CREATE TABLE turnstiles_new (gate_id STRING, direction STRING, passengers INT, passed_at TIMESTAMP(3)) WITH (
  'connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:eu-west-1:111122223333:stream/turnstiles', 'aws.region' = 'eu-west-1',
  'source.init.position' = 'AT_TIMESTAMP', 'source.init.timestamp' = '2026-08-01T00:00:00.000+00:00', 'format' = 'json');

create temporary table default_catalog.default_database.mixed_case (id int primary key not enforced, `timestamp` timestamp_ltz(3) metadata virtual, Id string)
with ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:eu-west-1:111122223333:stream/mixed', 'aws.region' = 'eu-west-1', 'format' = 'json');
