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
use Magento\Framework\Setup\ModuleDataSetupInterface;
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
        $attribute = $this->getMockBuilder(\stdClass::class)->addMethods(['setData'])->getMock();
        $attribute->expects(self::exactly(3))->method('setData')->with('used_in_forms', ['adminhtml_customer']);
        $config = $this->getMockBuilder(\stdClass::class)->addMethods(['getAttribute'])->getMock();
        $config->method('getAttribute')->willReturn($attribute);
        $setup = $this->createMock(CustomerSetup::class);
        $setup->method('getEavConfig')->willReturn($config);
        $setup->method('addAttribute')->willReturnCallback(
            static function (string $type, string $code, array $attribute) use (&$attributes): void {
                self::assertSame('customer', $type);
                $attributes[$code] = $attribute;
            }
        );
        $setup->expects(self::exactly(3))->method('addAttributeToSet');
        $saved = $this->createMock(Attribute::class);
        $saved->expects(self::exactly(3))->method('save')->with($attribute);
        $this->patch($setup, $this->createMock(ModuleDataSetupInterface::class), $saved)->apply();
        self::assertSame(self::CODES, array_keys($attributes));
        self::assertSame(['text', 'int', 'varchar'], array_column($attributes, 'type'));
        self::assertSame([false, false, false], array_column($attributes, 'system'));
        self::assertSame([false, false, false], array_column($attributes, 'required'));
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
        $this->patch($setup, $database, $this->createMock(Attribute::class))->revert();
        self::assertSame(self::CODES, $gone);
    }

    /**
     * @param CustomerSetup $setup
     * @param ModuleDataSetupInterface $database
     * @param Attribute $attributes
     * @return AddCustomerAttributes
     */
    private function patch(
        CustomerSetup $setup,
        ModuleDataSetupInterface $database,
        Attribute $attributes
    ): AddCustomerAttributes {
        $factory = $this->createMock(CustomerSetupFactory::class);
        $factory->method('create')->willReturn($setup);
        return new AddCustomerAttributes($database, $factory, $attributes);
    }
}
