-- title: Findings
-- about: What each means is in docs/findings.md.
select id, severity, kind, product, count(*) as times, count(distinct site) as boats
from begun
group by all
order by boats desc, times desc, id, severity, kind, product
