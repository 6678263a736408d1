WITH t AS (SELECT 'drop; it''s' AS "update" /* a */) SELECT * FROM t -- DELETE
;