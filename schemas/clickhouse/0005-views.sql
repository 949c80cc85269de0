-- What people ask: the state of each order, why it happened, and which strategies earn their place.

CREATE OR REPLACE VIEW touchstone.order_states AS
SELECT
  account,
  intent_id,
  any(signal_id) AS signal_id,
  any(strategy) AS strategy,
  any(client_order_id) AS client_order_id,
  max(venue_order_id) AS venue_order_id,
  any(instrument) AS instrument,
  any(side) AS side,
  any(type) AS type,
  any(qty) AS qty,
  any(price) AS price,
  any(reduce_only) AS reduce_only,
  argMax(status, sequence) AS status,
  max(filled_qty) AS filled_qty,
  argMax(average_price, sequence) AS average_price,
  argMax(reason, sequence) AS reason,
  min(created_time) AS created_time,
  max(updated_time) AS updated_time
FROM touchstone.orders_log
GROUP BY account, intent_id
COMMENT 'Newest state of each order';

CREATE OR REPLACE VIEW touchstone.lineage AS
WITH
  order_fills AS (
    SELECT
      account, intent_id,
      count() AS fill_count,
      sum(qty) AS fill_qty,
      sum(toDecimal128(price, 8) * qty) AS fill_notional_quote,
      groupArray((trade_id, price, qty, commission, commission_asset, event_time)) AS fill_list,
      sumMap(map(commission_asset, toFloat64(commission))) AS fee_map
    FROM touchstone.fills GROUP BY account, intent_id
  ),
  decisions AS (
    SELECT
      account, intent_id,
      argMax(approved, sequence) AS approved,
      argMax(code, sequence) AS code,
      argMax(detail, sequence) AS detail,
      argMax(limits_hash, sequence) AS limits_hash,
      argMax(position_qty, sequence) AS position_qty
    FROM touchstone.risk_decisions_log WHERE intent_id != '' GROUP BY account, intent_id
  ),
  approvals AS (
    SELECT promotion_id, arrayStringConcat(groupUniqArrayIf(actor, step = 'approve'), ', ') AS approvers, max(evidence_hash) AS evidence
    FROM touchstone.promotions GROUP BY promotion_id
  ),
  stages AS (
    SELECT subject, account AS stage_account, since, state, size_factor, promotion_id, parameters, model_id
    FROM touchstone.control_changes WHERE type = 'strategy'
  )
SELECT
  o.client_order_id AS order_id,
  o.account AS account,
  o.intent_id AS intent_id,
  o.instrument AS instrument,
  o.side AS side,
  o.type AS type,
  o.qty AS qty,
  o.price AS price,
  o.status AS status,
  o.created_time AS created_time,
  o.signal_id AS signal_id,
  o.strategy AS strategy,
  s.version AS config_hash,
  s.trigger_event_id AS trigger_event_id,
  s.event_time AS trigger_time,
  s.read_from AS read_from,
  s.read_to AS read_to,
  s.target_qty AS target_qty,
  s.reference_price AS reference_price,
  s.why AS features,
  s.log_offset AS signal_offset,
  if(s.model_id != '', s.model_id, g.model_id) AS model_id,
  m.training_run_id AS training_run_id,
  m.data_hash AS model_data_hash,
  g.state AS stage,
  if(g.subject = '', NULL, g.size_factor) AS size_factor,
  g.promotion_id AS promotion_id,
  a.approvers AS approvers,
  a.evidence AS evidence_hash,
  d.approved AS risk_approved,
  d.code AS risk_code,
  d.detail AS risk_detail,
  d.position_qty AS risk_position_qty,
  d.limits_hash AS risk_limits_hash,
  o.venue_order_id AS venue_order_id,
  o.filled_qty AS filled_qty,
  o.average_price AS average_price,
  f.fill_count AS fill_count,
  f.fill_notional_quote AS fill_notional_quote,
  f.fill_list AS fills,
  f.fee_map AS fees
FROM touchstone.order_states AS o
LEFT JOIN (SELECT * FROM touchstone.signals) AS s ON s.account = o.account AND s.signal_id = o.signal_id
LEFT JOIN decisions AS d ON d.account = o.account AND d.intent_id = o.intent_id
LEFT JOIN order_fills AS f ON f.account = o.account AND f.intent_id = o.intent_id
ASOF LEFT JOIN stages AS g ON g.subject = o.strategy AND g.stage_account = o.account AND g.since <= o.created_time
LEFT JOIN approvals AS a ON a.promotion_id = g.promotion_id
LEFT JOIN (SELECT model_id, training_run_id, data_hash FROM touchstone.models) AS m ON m.model_id = if(s.model_id != '', s.model_id, g.model_id)
COMMENT 'Why an order happened: trigger, range of events read, features, signal, model, training run, configuration, approvers, risk decision, fills, fees';

CREATE OR REPLACE VIEW touchstone.leaderboard AS
WITH
  latest AS (
    SELECT strategy, argMax((run_id, kind, total_return, sharpe, max_drawdown, trades, win_rate, finished_at), finished_at) AS run
    FROM touchstone.runs WHERE kind IN ('backtest', 'walkForward') AND status = 'done' GROUP BY strategy
  ),
  stages AS (
    SELECT subject AS strategy, argMax((state, size_factor), since) AS stage FROM touchstone.control_changes WHERE type = 'strategy' GROUP BY subject
  ),
  traded AS (
    SELECT
      strategy,
      uniqExact(intent_id) AS orders,
      count() AS fills,
      toFloat64(sum(toDecimal128(price, 8) * qty)) AS turnover_quote
    FROM touchstone.fills GROUP BY strategy
  )
SELECT
  n.strategy AS strategy,
  s.stage.1 AS stage,
  s.stage.2 AS size_factor,
  l.run.1 AS run_id,
  l.run.2 AS run_kind,
  l.run.3 AS total_return,
  l.run.4 AS sharpe,
  l.run.5 AS max_drawdown,
  l.run.6 AS trades,
  l.run.7 AS win_rate,
  t.orders AS filled_orders,
  t.fills AS fills,
  t.turnover_quote AS turnover_quote
FROM (SELECT strategy FROM latest UNION DISTINCT SELECT strategy FROM stages UNION DISTINCT SELECT strategy FROM traded) AS n
LEFT JOIN latest AS l ON l.strategy = n.strategy
LEFT JOIN stages AS s ON s.strategy = n.strategy
LEFT JOIN traded AS t ON t.strategy = n.strategy
ORDER BY sharpe DESC
COMMENT 'Strategies by the Sharpe ratio of their latest backtest or walk-forward run, with stage and what they traded';
