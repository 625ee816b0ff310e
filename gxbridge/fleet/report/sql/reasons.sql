-- title: What limits charging
-- about: Reasons of the charge current limit (CCL), by how often one took over. What each means is in docs/dvcc.md.
select reason, count(*) as times, count(distinct site) as boats, round(min(value), 1) as least_a
from charge_limits
group by reason
order by times desc, reason
