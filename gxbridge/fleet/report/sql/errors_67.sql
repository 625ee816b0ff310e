-- title: Causes of error #67 by charger and firmware
-- about: Error #67 is a charger that was told of a BMS and hears nothing any more.
select charger_product, charger_firmware, verdict as cause,
    count(*) as boxes, count(distinct (site, incident)) as incidents, count(distinct site) as boats
from incidents
where errors_67 > 0
group by all
order by boxes desc, charger_product, charger_firmware, cause
