-- title: Unknown messages
-- about: Registers and PGNs that gxbridge's database does not know. A recording with them is worth sending.
select pgn, vreg, product, count(distinct site) as boats, sum(messages)::bigint as messages, max(length) as length
from unknown_files
group by all
order by boats desc, messages desc, pgn, vreg, product
