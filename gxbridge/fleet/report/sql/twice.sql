-- title: One battery on several boats
-- about: The same serial in several folders: a battery that moved, a copied folder, or a serial that is not one.
select device, any_value(product order by product) as product, count(distinct site) as boats,
    list(distinct site order by site)[:5] as sites
from batteries
where device is not null
group by device
having count(distinct site) > 1
order by boats desc, device
