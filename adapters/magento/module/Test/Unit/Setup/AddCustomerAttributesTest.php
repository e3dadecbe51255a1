<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\Setup;

use Comeback\Loyalty\Setup\Patch\Data\AddCustomerAttributes;
use Magento\Customer\Setup\CustomerSetup;
use Magento\Customer\Setup\CustomerSetupFactory;
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
        $attribute = $this->getMockBuilder(\stdClass::class)->addMethods(['setData', 'save'])->getMock();
        $attribute->expects(self::exactly(3))->method('setData')->with('used_in_forms', ['adminhtml_customer']);
        $attribute->expects(self::exactly(3))->method('save');
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
        $this->patch($setup)->apply();
        self::assertSame(self::CODES, array_keys($attributes));
        self::assertSame(['text', 'int', 'varchar'], array_column($attributes, 'type'));
        self::assertSame([false, false, false], array_column($attributes, 'system'));
        self::assertSame([false, false, false], array_column($attributes, 'required'));
    }

    public function testUninstallingLeavesNoAttribute(): void
    {
        $gone = [];
        $setup = $this->createMock(CustomerSetup::class);
        $setup->method('removeAttribute')->willReturnCallback(
            static function (string $type, string $code) use (&$gone): void {
                $gone[] = $code;
            }
        );
        $this->patch($setup)->revert();
        self::assertSame(self::CODES, $gone);
    }

    /**
     * @param CustomerSetup $setup
     * @return AddCustomerAttributes
     */
    private function patch(CustomerSetup $setup): AddCustomerAttributes
    {
        $factory = $this->createMock(CustomerSetupFactory::class);
        $factory->method('create')->willReturn($setup);
        return new AddCustomerAttributes($this->createMock(ModuleDataSetupInterface::class), $factory);
    }
}
