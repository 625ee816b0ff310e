-- title: Batteries and their firmware
-- about: What the fleet consists of.
select product, firmware, count(*) as batteries, count(distinct site) as boats
from (
    select site, device, max(product) as product, arg_max(firmware, t) as firmware
    from batteries group by site, device
)
group by all
order by batteries desc, product, firmware
