# SPDX-License-Identifier: Apache-2.0
"""The table that Pinot and Lotic both hold, and what both are asked."""

SCHEMA = {
    "schemaName": "trips",
    "dimensionFieldSpecs": [{"name": "id", "dataType": "INT"}, {"name": "city", "dataType": "STRING"}, {"name": "big", "dataType": "LONG"}, {"name": "ok", "dataType": "BOOLEAN"},
                            {"name": "raw", "dataType": "BYTES"}, {"name": "doc", "dataType": "JSON"}, {"name": "tags", "dataType": "STRING", "singleValueField": False},
                            {"name": "nums", "dataType": "INT", "singleValueField": False}],
    "metricFieldSpecs": [{"name": "fare", "dataType": "DOUBLE"}, {"name": "dist", "dataType": "FLOAT"}, {"name": "hits", "dataType": "LONG"}],
    "dateTimeFieldSpecs": [{"name": "ts", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"},
                           {"name": "seen", "dataType": "TIMESTAMP", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}],
}


def table(bootstrap):
    return {
        "tableName": "trips", "tableType": "REALTIME", "tenants": {}, "metadata": {},
        "segmentsConfig": {"timeColumnName": "ts", "schemaName": "trips", "replicasPerPartition": "1"},
        "tableIndexConfig": {"loadMode": "MMAP", "streamConfigs": {
            "streamType": "kafka", "stream.kafka.consumer.type": "lowlevel", "stream.kafka.topic.name": "trips", "stream.kafka.broker.list": bootstrap,
            "stream.kafka.consumer.factory.class.name": "org.apache.pinot.plugin.stream.kafka20.KafkaConsumerFactory",
            "stream.kafka.decoder.class.name": "org.apache.pinot.plugin.stream.kafka.KafkaJSONMessageDecoder", "stream.kafka.consumer.prop.auto.offset.reset": "smallest"}}}


CITIES = ["Oslo", "Bergen", "oslo", "São Paulo", "", "Tromsø", "O'Hare", "a b"]


def records(count=400):
    """JSON objects, in order; what a member lacks, or null, is Pinot's default."""
    made = []
    for i in range(count):
        record = {"id": i, "city": CITIES[i % len(CITIES)], "big": (1 << 53) + i if i % 5 else -i, "ok": i % 3 == 0, "raw": f"{i:04x}", "doc": {"k": i % 4, "s": [i, "x"]},
                  "tags": [f"t{j}" for j in range(i % 4)], "nums": [i % 7, i % 11], "fare": i * 0.25 - 10, "dist": i / 8, "hits": i * i, "ts": 1_785_542_400_000 + i * 60_000,
                  "seen": 1_785_542_400_000 + i * 977}
        if i % 13 == 0:
            record["city"] = None
        if i % 17 == 0:
            del record["fare"]
        if i % 19 == 0:
            del record["hits"]
            record["big"] = None
        made.append(record)
    return made


# Asked of both. An ORDER BY makes the rows comparable as they stand; "any": rows are compared without their order.
SAME = [
    "select count(*) from trips",
    "select count(*), sum(fare), min(fare), max(fare), avg(fare) from trips",
    "select * from trips order by id limit 3",
    "select id, city, big, ok, raw, doc, tags, nums, fare, dist, hits, ts, seen from trips order by id limit 40",
    "select city, count(*) from trips group by city order by count(*) desc, city limit 20",
    "select city, sum(hits) as s from trips where fare > 0 group by city having sum(hits) > 1000 order by s desc limit 5",
    "select distinct city from trips order by city limit 50",
    "select distinct ok, city from trips order by ok, city limit 7",
    "select distinctcount(city), distinctcount(id) from trips",
    "select id from trips where city = 'Oslo' order by id limit 5",
    "select id from trips where city in ('Oslo', 'Bergen') and id between 10 and 40 order by id limit 100",
    "select id from trips where city not in ('Oslo', 'Bergen') order by id desc limit 4, 3",
    "select id from trips where city <> 'Oslo' order by id limit 3 offset 2",
    "select id, fare + 1, fare - hits, hits * 2, hits / 4, hits % 7 from trips order by id limit 6",
    "select id, abs(fare), ceil(fare), floor(fare), sqrt(hits), ln(hits), exp(dist) from trips where id between 45 and 48 order by id limit 9",
    "select upper(city), lower(city), length(city), reverse(city), concat(city, 'x', '-') from trips where id in (1, 3, 5) order by id limit 9",
    "select substr(city, 1, 3), strpos(city, 'o', 1), replace(city, 'o', '0') from trips where id in (1, 2, 3) order by id limit 9",
    "select max(ts) - min(ts) from trips",
    "select datetrunc('hour', ts), count(*) from trips group by datetrunc('hour', ts) order by datetrunc('hour', ts) limit 5",
    "select toepochminutes(ts), toepochhours(ts), toepochdays(ts) from trips order by id limit 2",
    "select datetimeconvert(ts, '1:MILLISECONDS:EPOCH', '1:SECONDS:EPOCH', '15:MINUTES') as w, count(*) from trips group by w order by w limit 4",
    "select todatetime(ts, 'yyyy-MM-dd HH:mm') from trips order by id limit 2",
    "select year(ts), month(ts), day(ts), hour(ts), minute(ts) from trips order by id limit 2",
    "select case when fare > 50 then 'high' when fare > 0 then 'low' else 'none' end as level, count(*) from trips group by level order by level limit 5",
    "select percentile(fare, 50), percentile(hits, 95), percentile90(fare) from trips",
    "select minmaxrange(fare), mode(ok) from trips",
    "select sum(fare), count(*), min(hits), max(hits), avg(hits) from trips where id > 100000",
    "select id from trips where city like 'O%' order by id limit 4",
    "select id from trips where ok = true and big > 100 order by id limit 4",
    "select id from trips where raw = '0005' limit 4",
    "select id, tags from trips where tags = 't1' order by id limit 4",
    "select tags, count(*) from trips group by tags order by tags limit 9",
    "select countmv(tags), summv(nums), maxmv(nums), distinctcountmv(tags) from trips",
    "select id, arraylength(tags) from trips order by id limit 5",
    "select id, jsonextractscalar(doc, '$.k', 'INT') from trips order by id limit 5",
    "select id, cast(fare as string), cast(hits as double), cast(id as long) from trips order by id limit 3",
    "select id as \"the id\", city as c from trips order by \"the id\" limit 2",
    "select city from trips where city = 'O''Hare' limit 1",
    "select id from trips where seen > 1785542400000 and seen < 1785542404000 order by id limit 10",
    "select seen, id from trips order by seen desc limit 2",
    "select count(*) from trips where city is null",
    "select big from trips where id = 1",
    "select city, ok, count(*) from trips group by city, ok order by city, ok limit 30",
    "select sum(hits + id), avg(fare * 2) from trips",
    "select id from trips where not (id > 3 or city = 'Oslo') order by id limit 9",
    "select greatest(id, 5), least(id, 5) from trips order by id limit 8",
    "select max(dist), min(dist), sum(dist) from trips",
]
ERRORS = ["select nothing from trips", "select count(* from trips", "selekt * from trips", "select sum(city) from trips"]
# What the newer releases that Lotic follows do otherwise than 0.11.0, or Lotic means otherwise.
DIFFERS = {
    "select id from trips where regexp_like(city, '^[OB]') order by id limit 4": "regexp_like tells cases apart since 1.5",
    "select city, count(*) filter (where ok = true) from trips group by city order by city limit 20": "0.11.0 has no FILTER with GROUP BY",
    "select coalesce(city, 'none') from trips order by id limit 3": "0.11.0 does not know coalesce here",
    "select 1 from nowhere": "a table that does not exist is an error, also where no column is read",
    "select id from trips where city": "a text is no condition",
}
