<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\Setup;

use Comeback\Loyalty\Setup\Patch\Data\AddCustomerAttributes;
use Magento\Customer\Model\ResourceModel\Attribute;
use Magento\Customer\Setup\CustomerSetup;
use Magento\Customer\Setup\CustomerSetupFactory;
use Magento\Framework\DB\Adapter\AdapterInterface;
use Magento\Framework\Indexer\IndexerInterface;
use Magento\Framework\Indexer\IndexerRegistry;
use Magento\Framework\Setup\ModuleDataSetupInterface;
use PHPUnit\Framework\MockObject\MockObject;
use PHPUnit\Framework\TestCase;

/**
 * The attributes that Comeback writes.
 */
class AddCustomerAttributesTest extends TestCase
{
    private const CODES = ['comeback_tags', 'comeback_balance', 'comeback_tier'];

    public function testEachAttributeIsReadableOverRestAndOnNoShoppersForm(): void
    {
        $attributes = [];
        $setup = $this->shop();
        $setup->method('addAttribute')->willReturnCallback(
            static function (string $type, string $code, array $attribute) use (&$attributes): void {
                self::assertSame('customer', $type);
                $attributes[$code] = $attribute;
            }
        );
        $this->apply($setup);
        self::assertSame(self::CODES, array_keys($attributes));
        self::assertSame(['text', 'int', 'varchar'], array_column($attributes, 'type'));
        self::assertSame([false, false, false], array_column($attributes, 'system'));
        self::assertSame([false, false, false], array_column($attributes, 'required'));
        self::assertSame([false, false, false], array_column($attributes, 'is_searchable_in_grid'));
    }

    public function testEachAttributeStandsInTheDefaultGroupOfTheSetThatRestLooksAt(): void
    {
        $setup = $this->shop();
        $setup->method('getDefaultAttributeGroupId')->with('customer', 1)->willReturn('7');
        $setup->expects(self::exactly(3))->method('addAttributeToSet')->withConsecutive(
            ['customer', 1, '7', 'comeback_tags'],
            ['customer', 1, '7', 'comeback_balance'],
            ['customer', 1, '7', 'comeback_tier']
        );
        $this->apply($setup);
    }

    public function testOnlyTagsAreOnTheFormOfStaff(): void
    {
        $tags = $this->getMockBuilder(\stdClass::class)->addMethods(['setData'])->getMock();
        $tags->expects(self::once())->method('setData')->with('used_in_forms', ['adminhtml_customer']);
        $config = $this->getMockBuilder(\stdClass::class)->addMethods(['getAttribute'])->getMock();
        $config->expects(self::once())->method('getAttribute')->with('customer', 'comeback_tags')->willReturn($tags);
        $saved = $this->createMock(Attribute::class);
        $saved->expects(self::once())->method('save')->with($tags);
        $this->apply($this->shop($config), $saved);
    }

    public function testTheGridOfCustomersIsMadeAnewOnceTheAttributesAreThere(): void
    {
        $done = [];
        $note = static function (string $what) use (&$done): callable {
            return static function () use (&$done, $what): void {
                $done[] = $what;
            };
        };
        $indexer = $this->createMock(IndexerInterface::class);
        $indexer->expects(self::once())->method('invalidate')->willReturnCallback($note('grid'));
        $indexers = $this->createMock(IndexerRegistry::class);
        $indexers->method('get')->with('customer_grid')->willReturn($indexer);
        $saved = $this->createMock(Attribute::class);
        $saved->method('save')->willReturnCallback($note('attribute'));
        $this->apply($this->shop(), $saved, $indexers);
        self::assertSame(['attribute', 'grid'], $done);
    }

    public function testUninstallingLeavesNoAttributeAndNoSetting(): void
    {
        $gone = [];
        $setup = $this->createMock(CustomerSetup::class);
        $setup->method('removeAttribute')->willReturnCallback(
            static function (string $type, string $code) use (&$gone): void {
                $gone[] = $code;
            }
        );
        $connection = $this->createMock(AdapterInterface::class);
        $connection->expects(self::exactly(2))->method('delete')->withConsecutive(
            ['shop_core_config_data', ['path LIKE ?' => 'comeback\\_loyalty/%']],
            ['shop_flag', ['flag_code = ?' => 'comeback_loyalty_condition']]
        );
        $database = $this->createMock(ModuleDataSetupInterface::class);
        $database->method('getConnection')->willReturn($connection);
        $database->method('getTable')->willReturnCallback(static function (string $name): string {
            return 'shop_' . $name;
        });
        $factory = $this->createMock(CustomerSetupFactory::class);
        $factory->method('create')->willReturn($setup);
        $saved = $this->createMock(Attribute::class);
        (new AddCustomerAttributes($database, $factory, $saved, $this->createMock(IndexerRegistry::class)))->revert();
        self::assertSame(self::CODES, $gone);
    }

    /**
     * @param object|null $config
     * @return CustomerSetup|MockObject
     */
    private function shop(?object $config = null): CustomerSetup
    {
        if ($config === null) {
            $attribute = $this->getMockBuilder(\stdClass::class)->addMethods(['setData'])->getMock();
            $config = $this->getMockBuilder(\stdClass::class)->addMethods(['getAttribute'])->getMock();
            $config->method('getAttribute')->willReturn($attribute);
        }
        $setup = $this->createMock(CustomerSetup::class);
        $setup->method('getEavConfig')->willReturn($config);
        return $setup;
    }

    /**
     * @param CustomerSetup $setup
     * @param Attribute|null $saved
     * @param IndexerRegistry|null $indexers
     */
    private function apply(CustomerSetup $setup, ?Attribute $saved = null, ?IndexerRegistry $indexers = null): void
    {
        $factory = $this->createMock(CustomerSetupFactory::class);
        $factory->method('create')->willReturn($setup);
        if ($indexers === null) {
            $indexers = $this->createMock(IndexerRegistry::class);
            $indexers->method('get')->willReturn($this->createMock(IndexerInterface::class));
        }
        $database = $this->createMock(ModuleDataSetupInterface::class);
        $saved = $saved ?? $this->createMock(Attribute::class);
        (new AddCustomerAttributes($database, $factory, $saved, $indexers))->apply();
    }
}
